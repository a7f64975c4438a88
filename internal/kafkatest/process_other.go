//go:build unix && !linux

package kafkatest

import "syscall"

// ownGroup makes a process the head of its own group, so that a signal reaches all it started and a Ctrl-C only the tests.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
