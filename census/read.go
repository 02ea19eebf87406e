package census

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/wire"
)

// maxHead bounds census.json, in bytes.
const maxHead = 1024

// ReadPath reads the path of member i, from 0, whose commitment must be c, from the files of a
// census. It opens census.json, the tile that i is in, of 256 members or in the last one of the rest, and
// one tile of every tile level above: whoever serves the files learns no more than that.
//
// The path leads to the root in census.json. Compare it with the manifest's, as
// ballot.NewCredential does.
func ReadPath(tiles fs.FS, i uint64, c Commitment) (Path, error) {
	h, err := readHead(tiles)
	if err != nil {
		return Path{}, err
	}
	if i >= h.Size {
		return Path{}, outside(i, h.Size)
	}
	p := Path{Commitment: c}
	var below fr.Element // the node that the tiles so far lead to
	for l := range h.tileLevels() {
		at, local := tile{l, i / tileWidth}, i%tileWidth
		content, err := h.readTile(tiles, at)
		if err != nil {
			return Path{}, err
		}
		nodes := make([]fr.Element, 0, tileWidth)
		if l == 0 {
			members := h.members(content)
			if members[local].Commitment != c {
				return Path{}, fmt.Errorf("%w: member %d has another commitment: the number or the identity is another voter's",
					ErrInvalid, i)
			}
			p.Weight = members[local].Weight
			for k, m := range members {
				node, err := h.leaf(m)
				if err != nil {
					return Path{}, fmt.Errorf("%w: %s: member %d: %w", ErrMalformed, at.path(), at.n*tileWidth+uint64(k), err)
				}
				nodes = append(nodes, node)
			}
		} else {
			for k := 0; k < len(content); k += nodeSize {
				node, err := element([32]byte(content[k:]))
				if err != nil {
					return Path{}, fmt.Errorf("%w: %s: node %d: %w", ErrMalformed, at.path(), k/nodeSize, err)
				}
				nodes = append(nodes, node)
			}
		}
		if l > 0 && nodes[local] != below {
			return Path{}, fmt.Errorf("%w: %s: node %d is not the root of the tile below it", ErrInvalid, at.path(), local)
		}
		within, err := levels(context.Background(), &column[fr.Element]{[][]fr.Element{nodes}})
		if err != nil {
			return Path{}, err
		}
		for k, level := range within {
			p.step(level, local>>k)
			below = *level.at(0)
		}
		i /= tileWidth
	}
	root, err := p.Root()
	if err != nil {
		return Path{}, err
	}
	if root != h.Root {
		return Path{}, fmt.Errorf("%w: the tiles lead to the root %v, %s states %v: they are damaged or of another census",
			ErrInvalid, root, headFile, h.Root)
	}
	return p, nil
}

// leaf returns the leaf of a member who fits this census.
func (h *head) leaf(m Member) (fr.Element, error) {
	if h.Weighted && (m.Weight < 1 || m.Weight > maxWeight) {
		return fr.Element{}, fmt.Errorf("weight %d, 1 to 2^40 - 1 allowed", m.Weight)
	}
	c, err := m.Commitment.element()
	if err != nil {
		return fr.Element{}, err
	}
	return leaf(c, m.Weight), nil
}

// outside refuses a position.
func outside(i, size uint64) error {
	return fmt.Errorf("%w: member %d of a census of %d", ErrInvalid, i, size)
}

// Read reads all files of a census and builds its tree again. Every byte of every file must be
// what Export writes, and no other file may be there.
func Read(ctx context.Context, tiles fs.FS) (*Tree, error) {
	// First, that all are plain files: another kind might never end, or block.
	err := walk(ctx, tiles, func(name string, d fs.DirEntry) error {
		if !d.Type().IsRegular() {
			return fmt.Errorf("%w: %s: not a regular file", ErrMalformed, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	h, err := readHead(tiles)
	if err != nil {
		return nil, err
	}
	t := &Tree{depth: h.Depth, weighted: h.Weighted}
	for n := uint64(0); n*tileWidth < h.Size; n++ {
		content, err := h.readTile(tiles, tile{0, n})
		if err != nil {
			return nil, err
		}
		for _, m := range h.members(content) {
			if err := t.add(ctx, m, 0); err != nil {
				return nil, err
			}
		}
	}
	if err := t.hash(ctx); err != nil {
		return nil, err
	}
	if built := t.head(); built != *h { //check:census/head
		return nil, fmt.Errorf("%w: the members have the root %v and the total weight %d, %s states %v and %d",
			ErrInvalid, built.Root, built.TotalWeight, headFile, h.Root, h.TotalWeight)
	}
	known := map[string]bool{headFile: true}
	err = h.tiles(func(at tile) error {
		known[at.path()] = true
		if at.l == 0 {
			return nil // the tree was built from it
		}
		content, err := h.readTile(tiles, at)
		if err == nil && !bytes.Equal(content, t.content(nil, at)) { //check:census/tile
			err = fmt.Errorf("%w: %s: a node is not the hash of those below it", ErrInvalid, at.path())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = walk(ctx, tiles, func(name string, _ fs.DirEntry) error {
		if !known[name] { //check:census/extra
			return fmt.Errorf("%w: %s: not a file of this census", ErrInvalid, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// walk calls f for everything but directories.
func walk(ctx context.Context, tiles fs.FS, f func(name string, d fs.DirEntry) error) error {
	return fs.WalkDir(tiles, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("census: %w", err)
		}
		if d.IsDir() {
			return nil
		}
		return f(name, d)
	})
}

func readHead(tiles fs.FS) (*head, error) {
	b, err := readFile(tiles, headFile, maxHead)
	if err != nil {
		return nil, err
	}
	h := new(head)
	if err := wire.UnmarshalCanonical(b, h); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, headFile, err)
	}
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, headFile, err)
	}
	return h, nil
}

// readTile reads a tile, which must have the size that its place demands.
func (h *head) readTile(tiles fs.FS, at tile) ([]byte, error) {
	records, length := h.size(at)
	b, err := readFile(tiles, at.path(), records*length)
	if err == nil && len(b) < records*length {
		err = fmt.Errorf("%w: %s: %d bytes, %d wanted", ErrMalformed, at.path(), len(b), records*length)
	}
	return b, err
}

// readFile reads a file of at most limit bytes. It opens none that could block, as a pipe does, where the file system
// can tell without opening it.
func readFile(tiles fs.FS, name string, limit int) ([]byte, error) {
	if s, ok := tiles.(fs.StatFS); ok {
		if info, err := s.Stat(name); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%w: %s: not a regular file", ErrMalformed, name)
		}
	}
	f, err := tiles.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("census: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("census: %s: %w", name, err)
	}
	if len(b) > limit {
		return nil, fmt.Errorf("%w: %s: more than %d bytes", ErrMalformed, name, limit)
	}
	return b, nil
}
