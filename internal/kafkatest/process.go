//go:build unix

package kafkatest

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// process is a running command whose output goes to a file.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
}

// launch starts the command and waits for its end in the background, in one thread of its own: on Linux the process dies with that thread.
func launch(name string, args []string, output *os.File) (*process, error) {
	p := &process{cmd: exec.Command(name, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = output, output, ownGroup()
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // how it ended is in ProcessState and in the log
			close(p.ended)
		}
	}()
	return p, <-started
}

// signal the whole group. A process that has ended already is none.
func (p *process) signal(s syscall.Signal) {
	select {
	case <-p.ended:
	default:
		_ = syscall.Kill(-p.cmd.Process.Pid, s)
	}
}
