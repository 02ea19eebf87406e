package box

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// temporaryName is the file through which every published file passes.
const temporaryName = ".new"

// Export writes the log as it stands at the last checkpoint to a directory, as plain files
// for any web server: checkpoint, tile/<level>/..., tile/entries/... (C2SP tlog-tiles).
//
// It may be called again as the log grows, with the same directory; full tiles are written
// once. Each file is replaced in one step and the checkpoint comes last, so a reader always
// finds the files of the checkpoint that it read. A partial tile goes away one export after
// the full tile came.
// Export refuses a directory that holds another log, one that is ahead of this box, and the
// directory of a box.
func (x *Box) Export(dir string) error {
	x.exporting.Lock()
	defer x.exporting.Unlock()

	x.mu.RLock()
	e := &export{box: x, dir: filepath.Clean(dir), head: x.head, hashes: x.hashes, places: x.places}
	closed := x.released
	x.mu.RUnlock()
	if closed {
		return errReleased
	}
	if err := e.run(); err != nil {
		return fmt.Errorf("box: export to %s: %w", dir, err)
	}
	return nil
}

type export struct {
	box       *Box
	dir       string
	head      *Checkpoint
	hashes    tree
	places    []place
	published uint64          // size of the checkpoint that dir holds
	changed   map[string]bool // directories that hold new names
}

func (e *export) run() error {
	if err := os.MkdirAll(e.dir, 0o755); err != nil {
		return err
	}
	// There, a checkpoint that is not the last one would undo what protects the ballots.
	if _, err := os.Lstat(filepath.Join(e.dir, journalName)); err == nil {
		return fmt.Errorf("it is the directory of a box: it holds %s; choose another one", journalName)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := e.checkPublished(); err != nil {
		return err
	}
	e.changed = map[string]bool{e.dir: true}
	for level := entriesLevel; level <= maxLevel; level++ {
		if err := tilesOf(level, e.head.Size, e.tile); err != nil {
			return err
		}
	}
	for dir := range e.changed {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	if err := e.write(checkpointName, e.head.Note); err != nil {
		return err
	}
	return syncDir(e.dir)
}

// checkPublished checks that what dir holds already is this log, at this size or a smaller one.
func (e *export) checkPublished() error {
	name := filepath.Join(e.dir, checkpointName)
	old, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := e.box.ownCheckpoint(old)
	if err != nil {
		return fmt.Errorf("the directory holds something else: %w", err)
	}
	if c.Size > e.head.Size || c.Closed && (!e.head.Closed || c.Size != e.head.Size) {
		return fmt.Errorf("%w: the directory holds %d ballots, closed: %t, and the box %d, closed: %t: the box has lost ballots or its seal, or went on after it", ErrDamaged, c.Size, c.Closed, e.head.Size, e.head.Closed)
	}
	root, err := e.hashes.root(c.Size)
	if err != nil {
		return err
	}
	if root != c.Hash {
		return fmt.Errorf("%w: the directory holds another log of this election: its root at %d ballots is %s, not %s", ErrDamaged, c.Size, c.Hash, root)
	}
	e.published = c.Size
	return nil
}

// tile writes a tile unless it was published before.
func (e *export) tile(t tile) error {
	name := filepath.Join(e.dir, filepath.FromSlash(t.path()))
	if t.end() <= e.published>>(8*max(t.level, 0)) {
		if t.width == tileWidth {
			if err := os.RemoveAll(name + partialSuffix); err != nil {
				return err
			}
		}
		if info, err := os.Stat(name); err == nil && info.Size() == e.size(t) {
			return nil
		}
	}
	if t.level != entriesLevel {
		return e.write(t.path(), e.hashes.tile(t))
	}
	b := make([]byte, 0, e.size(t))
	for i := t.n * tileWidth; i < t.end(); i++ {
		raw, err := e.box.journal.ballot(e.places[i])
		if err != nil {
			return err
		}
		if tlog.RecordHash(raw) != e.hashes.leaf(i) {
			return fmt.Errorf("%w: %s: ballot %d at offset %d has changed on disk", ErrDamaged, journalName, i, e.places[i].offset())
		}
		b = appendEntry(b, raw)
	}
	return e.write(t.path(), b)
}

// size is the size of a tile's file.
func (e *export) size(t tile) int64 {
	if t.level != entriesLevel {
		return int64(t.width) * tlog.HashSize
	}
	n := int64(0)
	for _, p := range e.places[t.n*tileWidth : t.end()] {
		n += 2 + int64(p.length())
	}
	return n
}

func (e *export) write(to string, content []byte) error {
	name := filepath.Join(e.dir, filepath.FromSlash(to))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	for at := filepath.Dir(name); !e.changed[at]; at = filepath.Dir(at) {
		e.changed[at] = true
	}
	temporary := filepath.Join(e.dir, temporaryName)
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(temporary, name)
}
