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

// The limits of what is looked for unknown files: no file of a record has a longer path, nor a
// directory of it more entries (log/tile/0 has the most, three for each three digits).
const (
	maxPath   = 255
	maxListed = 4096
)

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
	if len(name) > maxPath {
		return nil, &fs.PathError{Op: "open", Path: name[:maxPath], Err: fmt.Errorf("%w: a path of %d bytes", fs.ErrInvalid, len(name))}
	}
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
	read int // entries
}

func (d *recordDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fmt.Errorf("%w: a directory", fs.ErrInvalid)}
}

// ReadDir implements fs.ReadDirFile. Of a directory that is longer than any of a record it reads
// only the beginning, even if all of it is asked for.
func (d *recordDir) ReadDir(n int) ([]fs.DirEntry, error) {
	dir, ok := d.File.(fs.ReadDirFile)
	if !ok {
		return nil, &fs.PathError{Op: "readdir", Path: d.name, Err: errors.ErrUnsupported}
	}
	var all []fs.DirEntry
	for {
		most := 256
		if n > 0 {
			most = min(most, n)
		}
		entries, err := dir.ReadDir(most)
		all = append(all, entries...)
		d.read += len(entries)
		switch {
		case d.read > maxListed:
			return all, &fs.PathError{Op: "readdir", Path: d.name, Err: fmt.Errorf("%w: more than %d files", fs.ErrInvalid, maxListed)}
		case n <= 0 && (err == io.EOF || err == nil && len(entries) == 0):
			return all, nil
		case n > 0 || err != nil:
			d.fsys.fail(err)
			return all, err
		}
	}
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
	entries, err := dir.ReadDir(-1)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, false, nil
	}
	if err != nil {
		return nil, true, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	var names []string
	for _, e := range entries {
		n := e.Name()
		if e.IsDir() {
			n += "/"
		}
		names = append(names, n)
	}
	return names, true, nil
}
