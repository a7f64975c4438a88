package kafkatest

import "syscall"

// ownGroup makes a process the head of its own group, so that a signal reaches all it started and a Ctrl-C only the tests, and has the kernel
// kill it when the thread that started it ends: no broker outlives a test binary, however that one dies.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
