//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package tally

import (
	"errors"
	"io/fs"
	"os"
)

// tryLock takes the lock at path or returns errLocked. The lock is the file's existence: after a
// crash it has to be removed by hand.
func tryLock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, errLocked
	}
	if err != nil {
		return nil, err
	}
	f.Close()
	return func() { os.Remove(path) }, nil
}

// syncDir does nothing: these systems do not offer it for every directory.
func syncDir(string) error { return nil }
