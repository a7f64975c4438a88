package main

import (
	"errors"

	"github.com/streamfit/streamfit/internal/settings"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/file"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

// exitCodes is the contract; exitCode keeps it.
const exitCodes = `Exit codes:

    0  done; run also after SIGINT or SIGTERM, once all is published and saved
    1  it failed while running
    2  the command line or the configuration is wrong; nothing was done
    3  the input is wrong: a damaged file or message, a missing column, no row that can be learned from
    4  Kafka cannot be reached, or refused
    5  the saved state does not fit the configuration or the input
  130  replay or produce was interrupted by SIGINT or SIGTERM before the end of its input`

const (
	exitDone = iota
	exitFailed
	exitUsage
	exitInput
	exitKafka
	exitState

	exitInterrupted = 130 // 128 + SIGINT, as shells have it
)

// usageError is a wrong command line or configuration.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// inputError is an input that cannot be learned from.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

// interruptedError ends a command that had an end to come to, and was told to stop before it.
type interruptedError struct {
	reached string // what was done until then
}

func (e *interruptedError) Error() string {
	return "interrupted before the end of the input: " + e.reached
}

func exitCode(err error) int {
	switch {
	case err == nil, errors.Is(err, errHelp):
		return exitDone
	case is[*usageError](err), is[*settings.Fault](err), is[*pipeline.SettingError](err):
		return exitUsage
	case errors.Is(err, pipeline.ErrState), errors.Is(err, pipeline.ErrCheckpoint), is[*kafka.OffsetError](err), is[*kafka.TopicError](err):
		return exitState
	case is[*pipeline.DecodeError](err), is[*pipeline.RowError](err), errors.Is(err, pipeline.ErrSharedKey), is[*file.Error](err), is[*inputError](err):
		return exitInput
	case is[*kafka.Error](err):
		return exitKafka
	case is[*interruptedError](err):
		return exitInterrupted
	default:
		return exitFailed
	}
}

func is[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}
