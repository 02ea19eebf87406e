package census

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/wire"
)

// The file of a tree: docs/spec/census.md, section 5.
const (
	storeFormat = "scrutin/census-tree/v1\n"
	storeHead   = len(storeFormat) + 1 + 1 + 8 + 8 + nodeSize
)

// Save writes the whole tree into one file, for Open, in place of what the file held. A crash
// leaves the old content or the new. Like all of a census the file is public.
func (t *Tree) Save(name string) error {
	if err := replace(name, t.write); err != nil {
		return fmt.Errorf("census: save: %w", err)
	}
	return nil
}

// replace writes a file in one step.
func replace(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-census-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // which is gone if all went well
	if err := errors.Join(write(f), f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func (t *Tree) write(to io.Writer) error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(to, sum), 1<<16) // which keeps the first error
	h := t.head()
	_, _ = w.Write(h.store())
	record := make([]byte, 0, nodeSize+weightSize)
	for i := range h.Size {
		_, _ = w.Write(t.member(i).append(record, t.weighted))
	}
	for _, level := range t.levels[h.firstStored():] {
		for _, page := range level.pages {
			for i := range page {
				b := page[i].Bytes()
				_, _ = w.Write(append(record, b[:]...)) // b itself would be allocated each time
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := to.Write(sum.Sum(nil))
	return err
}

// store returns the head of the file.
func (h *head) store() []byte {
	var w wire.Writer
	w.Raw([]byte(storeFormat))
	w.Uint8(uint8(h.Depth))
	if h.Weighted {
		w.Uint8(1)
	} else {
		w.Uint8(0)
	}
	w.Uint64(h.Size)
	w.Uint64(h.TotalWeight)
	w.Raw(h.Root[:])
	return w.Bytes()
}

// firstStored returns the lowest level of the tree whose nodes are not those of the members.
func (h *head) firstStored() int {
	if h.Weighted {
		return 0
	}
	return 1
}

// Open reads a file that Save wrote. It hashes next to nothing: it takes a tenth of the time of building
// the tree, or less.
//
// Every byte is verified against the file's SHA-256, and every member as Build does; that each node
// is the hash of those below it is verified above the last member alone. So Open finds damage, and
// not whoever may write the file and makes it lie: the paths would lead to another root than
// their own. No voter accepts such a path, but an audit, and the manifest, rest on Read.
func Open(ctx context.Context, name string) (*Tree, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("census: %w", err)
	}
	if !info.Mode().IsRegular() { // to open a pipe would block
		return nil, fmt.Errorf("%w: %s: not a regular file", ErrMalformed, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("census: %w", err)
	}
	defer f.Close()
	t, err := load(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("census: %s: %w", name, err)
	}
	return t, nil
}

// storeReader reads pages and sums all that it reads.
type storeReader struct {
	in     io.Reader
	sum    hash.Hash
	buffer []byte
}

// next returns the next n bytes, until the call after.
func (r *storeReader) next(n int) ([]byte, error) {
	if cap(r.buffer) < n {
		r.buffer = make([]byte, n)
	}
	b := r.buffer[:n]
	if _, err := io.ReadFull(r.in, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: the file is too short", ErrMalformed)
		}
		return nil, err
	}
	r.sum.Write(b)
	return b, nil
}

// load allocates page by page as bytes arrive, never by the size that the file states.
func load(ctx context.Context, in io.Reader) (*Tree, error) {
	r := &storeReader{in: in, sum: sha256.New()}
	b, err := r.next(storeHead)
	if err != nil {
		return nil, err
	}
	h, err := parseStoreHead(b)
	if err != nil {
		return nil, err
	}
	t := &Tree{depth: h.Depth, weighted: h.Weighted}
	_, length := h.size(tile{})
	for i := uint64(0); i < h.Size; i += pageLength {
		b, err := r.next(int(min(pageLength, h.Size-i)) * length)
		if err != nil {
			return nil, err
		}
		for ; len(b) > 0; b = b[length:] {
			if err := t.add(ctx, h.member(b), 0); err != nil {
				return nil, err
			}
		}
	}
	if !t.weighted {
		t.levels = append(t.levels, &t.commitments)
	}
	for k := h.firstStored(); k == 0 || t.levels[k-1].len() > 1; k++ {
		level, err := r.level(ctx, int((h.Size-1)>>k)+1)
		if err != nil {
			return nil, fmt.Errorf("level %d: %w", k, err)
		}
		t.levels = append(t.levels, level)
	}
	sum := r.sum.Sum(nil)
	if b, err = r.next(len(sum)); err != nil {
		return nil, err
	}
	if !bytes.Equal(b, sum) {
		return nil, fmt.Errorf("%w: the checksum is another: the file is damaged, build the census again", ErrMalformed)
	}
	if _, err := r.next(1); err == nil {
		return nil, fmt.Errorf("%w: bytes follow the checksum", ErrMalformed)
	}
	if t.head() != *h {
		return nil, fmt.Errorf("%w: the root or the total weight is another than at the file's head", ErrInvalid)
	}
	return t, t.checkLast()
}

// level reads the n nodes of a level.
func (r *storeReader) level(ctx context.Context, n int) (*column[fr.Element], error) {
	level := new(column[fr.Element])
	for level.len() < n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := r.next(min(pageLength, n-level.len()) * nodeSize)
		if err != nil {
			return nil, err
		}
		for ; len(b) > 0; b = b[nodeSize:] {
			node, err := element([32]byte(b))
			if err != nil {
				return nil, fmt.Errorf("%w: node %d: %w", ErrMalformed, level.len(), err)
			}
			level.push(node)
		}
	}
	return level, nil
}

// checkLast verifies the nodes above the last member, from which Append goes on.
func (t *Tree) checkLast() error {
	i := t.commitments.len() - 1
	node := *t.commitments.at(i)
	if t.weighted {
		node = leaf(node, *t.weights.at(i))
	}
	for k, level := range t.levels {
		if node != *level.at(i >> k) {
			return fmt.Errorf("%w: level %d: the last node is not the hash of those below it", ErrInvalid, k)
		}
		if level.len() > 1 {
			node = parent(level, i>>(k+1))
		}
	}
	return nil
}

func parseStoreHead(b []byte) (*head, error) {
	r := wire.NewReader(b)
	if string(r.Raw(len(storeFormat))) != storeFormat {
		return nil, fmt.Errorf("%w: not a file that Save wrote, or of another version", ErrMalformed)
	}
	h := &head{Format: headFormat, Depth: int(r.Uint8())}
	weighted := r.Uint8()
	h.Weighted = weighted == 1
	h.Size, h.TotalWeight = r.Uint64(), r.Uint64()
	h.Root = Root(r.Raw(nodeSize))
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if weighted > 1 {
		return nil, fmt.Errorf("%w: %d where 1 stands for weights and 0 for none", ErrMalformed, weighted)
	}
	return h, nil
}
