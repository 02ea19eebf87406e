package tally

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"syscall"
)

// Limits of the record's files, in bytes. census/ and log/ have limits of their own.
const (
	maxManifestFile    = 1 << 20
	maxSignaturesFile  = 1 << 16
	maxCeremonyFile    = 1 << 24
	maxVerifyingKey    = 1 << 16
	maxEndorsementFile = 1 << 12
	maxShareFile       = 1 << 18
	maxResultFile      = 1 << 20
)

// maxListed is how many entries of a directory are read to look for unknown files.
const maxListed = 1024

// recordFS reads a record that somebody hostile may have made: only regular files are opened
// (a pipe would block, a device never end), and the first failure of the medium is kept, so
// that it is told apart from a file that is missing or wrong.
type recordFS struct {
	under fs.FS

	mutex sync.Mutex
	err   error
}

// fail keeps the first error of the medium. A missing file is not one, nor is a file where a
// directory should be, or a directory that does not list its files.
func (r *recordFS) fail(err error) {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) ||
		errors.Is(err, syscall.ENOTDIR) || errors.Is(err, errors.ErrUnsupported) {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.err == nil {
		r.err = err
	}
}

// failed returns the first error of the medium.
func (r *recordFS) failed() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.err
}

// Open implements fs.FS.
func (r *recordFS) Open(name string) (fs.File, error) {
	info, err := r.lstat(name)
	if err != nil {
		r.fail(err)
		return nil, err
	}
	f, err := r.under.Open(name)
	if err != nil {
		r.fail(err)
		return nil, err
	}
	if info.IsDir() {
		return &recordDir{File: f, name: name, fsys: r}, nil
	}
	return &recordFile{File: f, fsys: r}, nil
}

// lstat describes a file or directory. It follows no link on the way there: what a link leads
// to is not part of the record, and may be something else for the next auditor.
func (r *recordFS) lstat(name string) (info fs.FileInfo, err error) {
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '/' {
			continue
		}
		if info, err = fs.Lstat(r.under, name[:i]); err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() && !info.IsDir() {
			return nil, &fs.PathError{Op: "open", Path: name[:i], Err: fmt.Errorf("%w: neither a file nor a directory", fs.ErrInvalid)}
		}
	}
	return info, nil
}

type recordFile struct {
	fs.File
	fsys *recordFS
}

func (f *recordFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	f.fsys.fail(err)
	return n, err
}

type recordDir struct {
	fs.File
	name string
	fsys *recordFS
}

func (d *recordDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fmt.Errorf("%w: a directory", fs.ErrInvalid)}
}

// ReadDir implements fs.ReadDirFile.
func (d *recordDir) ReadDir(n int) ([]fs.DirEntry, error) {
	dir, ok := d.File.(fs.ReadDirFile)
	if !ok {
		return nil, &fs.PathError{Op: "readdir", Path: d.name, Err: errors.ErrUnsupported}
	}
	entries, err := dir.ReadDir(n)
	d.fsys.fail(err)
	return entries, err
}

// readFile returns the content of a file of at most limit bytes. A missing or longer file
// gives an error of kind ErrInvalid.
func (r *recordFS) readFile(name string, limit int64) ([]byte, error) {
	f, err := r.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrInvalid, name, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: %s has more than %d bytes", ErrInvalid, name, limit)
	}
	return b, nil
}

// list returns the names in a directory, directories with a slash at the end, and false if
// the directory is missing or cannot be listed, as on a web server.
func (r *recordFS) list(name string) ([]string, bool, error) {
	f, err := r.Open(name)
	if err != nil {
		return nil, false, nil
	}
	defer f.Close()
	dir, ok := f.(fs.ReadDirFile)
	if !ok {
		return nil, false, nil
	}
	var names []string
	for {
		entries, err := dir.ReadDir(64)
		if errors.Is(err, errors.ErrUnsupported) {
			return nil, false, nil
		}
		for _, e := range entries {
			n := e.Name()
			if e.IsDir() {
				n += "/"
			}
			names = append(names, n)
		}
		switch {
		case len(names) > maxListed:
			return nil, true, fmt.Errorf("%w: more than %d files in %s", ErrInvalid, maxListed, name)
		case errors.Is(err, io.EOF) || err == nil && len(entries) == 0:
			return names, true, nil
		case err != nil:
			return nil, true, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
}
