// Package arrowipc is the only door between streamfit and Arrow bytes: a verified, zero-copy decoder of Arrow IPC streams, and their encoder.
package arrowipc
