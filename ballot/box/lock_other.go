//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package box

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// lock takes the lock file for this opening alone: where the system has no advisory locks
// that Go reaches, the file itself is the lock. A process that was killed leaves it behind,
// and the operator removes it after making sure that no other process runs.
func lock(name string) (release func() error, err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w (if no process has it, remove %s)", ErrLocked, name)
	}
	if err != nil {
		return nil, err
	}
	return func() error { return errors.Join(f.Close(), os.Remove(name)) }, nil
}

// lockFile does nothing: what lock made keeps others out.
func lockFile(*os.File) error { return nil }
