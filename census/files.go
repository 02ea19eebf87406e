package census

import (
	"encoding/binary"
	"fmt"
	"path"
	"strconv"
)

// The files of a census: docs/spec/census.md, section 4.
const (
	headFile   = "census.json"
	headFormat = "scrutin/census/v1"

	tileHeight = 8 // levels of the tree from one tile level to the next
	tileWidth  = 1 << tileHeight
	nodeSize   = 32
	weightSize = 8
)

// head is census.json.
type head struct {
	Depth       int    `json:"depth"`
	Format      string `json:"format"`
	Root        Root   `json:"root"`
	Size        uint64 `json:"size"`
	TotalWeight uint64 `json:"totalWeight"`
	Weighted    bool   `json:"weighted"`
}

func (t *Tree) head() head {
	return head{t.depth, headFormat, t.root(), t.size(), t.total, t.weighted}
}

// check refuses numbers that no census has.
func (h *head) check() error {
	switch {
	case h.Format != headFormat:
		return fmt.Errorf("format %q, %q wanted", h.Format, headFormat)
	case h.Depth < 1 || h.Depth > MaxDepth:
		return fmt.Errorf("depth %d, 1 to %d allowed", h.Depth, MaxDepth)
	case h.Size < 1 || h.Size > 1<<h.Depth:
		return fmt.Errorf("size %d, 1 to 2^%d allowed", h.Size, h.Depth)
	case !h.Weighted && h.TotalWeight != h.Size:
		return fmt.Errorf("total weight %d of %d members without weights", h.TotalWeight, h.Size)
	case h.TotalWeight < h.Size || h.TotalWeight >= maxTotalWeight:
		return fmt.Errorf("total weight %d of %d members, %[2]d to 2^44 - 1 allowed", h.TotalWeight, h.Size)
	}
	return nil
}

// nodes returns the number of nodes of tile level l, the tree's level 8 l.
func (h *head) nodes(l int) uint64 { return (h.Size-1)>>(tileHeight*l) + 1 }

// tileLevels returns the number of tile levels: the lowest, and all others of several nodes.
func (h *head) tileLevels() int {
	l := 1
	for h.nodes(l) > 1 {
		l++
	}
	return l
}

// tile names a tile: the nodes from 256 n on, at most 256, of tile level l.
type tile struct {
	l int
	n uint64
}

// tiles calls f for every tile, from the lowest level up, until an error.
func (h *head) tiles(f func(tile) error) error {
	for l := range h.tileLevels() {
		for n := range (h.nodes(l)-1)/tileWidth + 1 {
			if err := f(tile{l, n}); err != nil {
				return err
			}
		}
	}
	return nil
}

// path returns the tile's file: tile/L/N, where N is n in groups of three digits, all but the
// last after an "x", as in C2SP tlog-tiles.
func (t tile) path() string {
	name := fmt.Sprintf("%03d", t.n%1000)
	for n := t.n / 1000; n > 0; n /= 1000 {
		name = fmt.Sprintf("x%03d/%s", n%1000, name)
	}
	return path.Join("tile", strconv.Itoa(t.l), name)
}

// size returns the number of the tile's records, and their length in bytes: a member in tile
// level 0, else a node.
func (h *head) size(t tile) (records, length int) {
	length = nodeSize
	if t.l == 0 && h.Weighted {
		length += weightSize
	}
	return int(min(tileWidth, h.nodes(t.l)-t.n*tileWidth)), length
}

// content appends the bytes of a tile.
func (t *Tree) content(w []byte, at tile) []byte {
	h := t.head()
	records, _ := h.size(at)
	first := at.n * tileWidth
	for i := first; i < first+uint64(records); i++ {
		if at.l == 0 {
			w = t.member(i).append(w, t.weighted)
		} else {
			b := t.levels[tileHeight*at.l].at(int(i)).Bytes()
			w = append(w, b[:]...)
		}
	}
	return w
}

// append writes the record of a member.
func (m Member) append(w []byte, weighted bool) []byte {
	w = append(w, m.Commitment[:]...)
	if weighted {
		w = binary.BigEndian.AppendUint64(w, m.Weight)
	}
	return w
}

// members reads the records of a tile of level 0, without judging them.
func (h *head) members(content []byte) (out []Member) {
	for _, length := h.size(tile{}); len(content) > 0; content = content[length:] {
		out = append(out, h.member(content))
	}
	return out
}

// member reads the record of a member.
func (h *head) member(record []byte) Member {
	m := Member{Commitment: Commitment(record[:nodeSize])}
	if h.Weighted {
		m.Weight = binary.BigEndian.Uint64(record[nodeSize:])
	}
	return m
}
