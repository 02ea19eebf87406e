package box

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
)

// A memDisk is a disk in memory that knows what was synced, that fails by order, and that a
// crash leaves in any state that its system allows.
//
// What a crash leaves: of the names, the state after any operation since the last SyncDir; of
// a file's content, what was synced, and of each write since any of its 512-byte sectors.
type memDisk struct {
	mu     sync.Mutex
	names  map[string]*memFile
	states []map[string]*memFile // of the names: as of the last SyncDir, and after each operation since

	count int     // operations that change something
	fail  int     // the number of the first operation that fails, from 1; 0: none
	how   failure // and how it does
	torn  int     // of a write that fails, how many bytes get through
}

type failure int

const (
	gone failure = iota // this operation and all after it fail
	once                // the disk comes back after one failure
	full                // files can neither be made nor grow
)

// A memFile makes durable, in a Sync, what was written since the last one. A Sync that fails
// forgets what was to be written, as some systems do.
type memFile struct {
	disk          *memDisk
	data, durable []byte
	unsynced      []change
	forgotten     []change // by a Sync that failed: a crash may still leave them
}

// A change is a write, or a truncation if data is nil.
type change struct {
	at   int
	data []byte
}

var errDisk = errors.New("the disk is gone")

func newMemDisk() *memDisk {
	return &memDisk{names: map[string]*memFile{}, states: []map[string]*memFile{{}}}
}

// The least and the most that a crash may leave, and the two ways between; higher numbers are
// seeds of others.
const (
	onlySynced = iota
	allNames
	allData
	everything
)

// crash returns the disk after the power failed.
func (d *memDisk) crash(variant int) *memDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := rand.New(rand.NewPCG(uint64(variant), uint64(d.count)))
	state := 0
	switch {
	case variant == allNames || variant == everything:
		state = len(d.states) - 1
	case variant > everything:
		state = r.IntN(len(d.states))
	}
	out := newMemDisk()
	for _, name := range slices.Sorted(maps.Keys(d.states[state])) {
		f := d.states[state][name]
		data := f.durable
		switch {
		case variant == allData || variant == everything:
			data = f.data
		case variant > everything:
			data = bytes.Clone(data)
			for _, c := range slices.Concat(f.forgotten, f.unsynced) {
				data = c.apply(data, func() bool { return r.IntN(3) > 0 })
			}
		}
		out.names[name] = &memFile{disk: out, data: bytes.Clone(data), durable: bytes.Clone(data)}
	}
	out.states = []map[string]*memFile{maps.Clone(out.names)}
	return out
}

// apply makes the change in those sectors that keep chooses.
func (c change) apply(data []byte, keep func() bool) []byte {
	if c.data == nil {
		if keep() {
			data = data[:min(c.at, len(data))]
		}
		return data
	}
	for from := 0; from < len(c.data); {
		to := min(len(c.data), from+512-(c.at+from)%512)
		if keep() {
			if end := c.at + to; end > len(data) {
				data = append(data, make([]byte, end-len(data))...)
			}
			copy(data[c.at+from:], c.data[from:to])
		}
		from = to
	}
	return data
}

// step counts an operation and says whether it fails. grows is one that needs space.
func (d *memDisk) step(grows bool) error {
	d.count++
	switch {
	case d.fail == 0 || d.count < d.fail:
		return nil
	case d.how == full:
		if grows {
			return syscall.ENOSPC
		}
		return nil
	case d.how == once:
		d.fail = 0
		return syscall.EIO
	}
	return errDisk
}

func (d *memDisk) Open(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, ok := d.names[name]; ok {
		return f, nil
	}
	return nil, fs.ErrNotExist
}

func (d *memDisk) Create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(true); err != nil {
		return nil, err
	}
	if f, ok := d.names[name]; ok { // the same file, emptied
		f.data = nil
		f.unsynced = append(f.unsynced, change{})
		return f, nil
	}
	f := &memFile{disk: d}
	d.names[name] = f
	d.states = append(d.states, maps.Clone(d.names))
	return f, nil
}

func (d *memDisk) Rename(oldName, newName string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(false); err != nil {
		return err
	}
	d.names[newName] = d.names[oldName]
	delete(d.names, oldName)
	d.states = append(d.states, maps.Clone(d.names))
	return nil
}

func (d *memDisk) SyncDir() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(false); err != nil {
		return err
	}
	d.states = []map[string]*memFile{maps.Clone(d.names)}
	return nil
}

func (f *memFile) ReadAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if len(b) == 0 {
		return 0, nil
	}
	return bytes.NewReader(f.data).ReadAt(b, at)
}

func (f *memFile) WriteAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	err := f.disk.step(int(at)+len(b) > len(f.data))
	if err != nil {
		b = b[:min(len(b), f.disk.torn)]
		f.disk.torn = 0
	}
	if len(b) > 0 {
		c := change{int(at), bytes.Clone(b)}
		f.data = c.apply(bytes.Clone(f.data), func() bool { return true })
		f.unsynced = append(f.unsynced, c)
	}
	return len(b), err
}

func (f *memFile) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.step(false); err != nil {
		return err
	}
	f.data = bytes.Clone(f.data[:size])
	f.unsynced = append(f.unsynced, change{at: int(size)})
	return nil
}

func (f *memFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	changes := f.unsynced
	f.unsynced = nil
	if err := f.disk.step(false); err != nil {
		f.forgotten = append(f.forgotten, changes...)
		return err
	}
	for _, c := range changes {
		f.durable = c.apply(bytes.Clone(f.durable), func() bool { return true })
	}
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *memFile) Close() error { return nil }

func (f *memFile) Lock() error { return nil }

func (d *memDisk) Check(name string, f file) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[name] != f {
		return fs.ErrNotExist
	}
	return nil
}
