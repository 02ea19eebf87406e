package box

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// A disk is the directory in which a box keeps its files: what it asks of the file system,
// and no more, so that tests can put one in its place that fails.
type disk interface {
	Open(name string) (file, error)   // for reading and writing; fs.ErrNotExist
	Create(name string) (file, error) // empty
	Rename(oldName, newName string) error
	SyncDir() error                  // makes creations and renames durable
	Check(name string, f file) error // fails unless f is what the name leads to, from the path that the box was given
}

type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
	Lock() error // ErrLocked if another opening has it; until Close
}

// A directory is a disk of the operating system. It keeps to the directory that it opened,
// wherever that is moved, so that the files of a box stay together. Only Check looks at the path.
type directory struct {
	path string
	root *os.Root
}

// openDirectory opens a directory. The path holds also if the process changes its own.
func openDirectory(path string) (*directory, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &directory{path, root}, nil
}

func (d *directory) Open(name string) (file, error) {
	f, err := d.root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d *directory) Create(name string) (file, error) {
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d *directory) Rename(oldName, newName string) error { return d.root.Rename(oldName, newName) }

func (d *directory) SyncDir() error { return syncOpened(d.root.Open(".")) }

func (d *directory) Check(name string, f file) error {
	name = filepath.Join(d.path, name)
	at, err := os.Stat(name)
	if err != nil {
		return err
	}
	open, err := f.(osFile).Stat()
	if err == nil && !os.SameFile(at, open) {
		err = fmt.Errorf("%s is not the file that is open", name)
	}
	return err
}

func (d *directory) Close() error { return d.root.Close() }

type osFile struct{ *os.File }

func (f osFile) Lock() error { return lockFile(f.File) }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// syncDir makes the names in a directory durable, where the system can.
func syncDir(dir string) error { return syncOpened(os.Open(dir)) }

func syncOpened(dir *os.File, err error) error {
	if err != nil {
		return err
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		return dir.Close() // a directory cannot be synced there
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// makeDirectory makes a directory, and those above it that are missing, with durable names: all
// ballots would be lost with it.
func makeDirectory(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	above := filepath.Dir(dir)
	if err := makeDirectory(above); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(above)
}

// replaceFile writes a file so that a crash leaves either the old content or the new one.
// The new content passes through the file named temporary, which is emptied if the disk is full.
func replaceFile(d disk, temporary, name string, content []byte) error {
	f, err := d.Create(temporary)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		err = errors.Join(err, f.Truncate(0))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.Rename(temporary, name); err != nil {
		return err
	}
	return d.SyncDir()
}

// readFile reads a whole file of at most limit bytes; nil if there is none.
func readFile(d disk, name string, limit int64) ([]byte, error) {
	f, err := d.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.NewSectionReader(f, 0, limit+1))
}
