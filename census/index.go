package census

import (
	"hash/maphash"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// index finds commitments by a keyed hash, so that voters cannot choose commitments that collide.
// It is many small hash tables: each grows alone, and no append waits for all members to be hashed again.
type index struct{ tables [1 << tableBits]table }

const tableBits = 10

// table is an open-addressing hash table with linear probing, at most 3/4 full.
type table struct {
	slots []slot // as many as a power of 2
	used  int
}

// slot holds a position plus 1, or 0 if it is free, and the lower half of the commitment's hash.
type slot struct{ hash, next uint32 }

// maxMembers is how many positions fit.
const maxMembers = 1<<32 - 1

var seed = maphash.MakeSeed()

// place returns the table of a commitment and where its search there starts.
func (x *index) place(c *fr.Element) (*table, uint32) {
	h := maphash.Comparable(seed, *c)
	return &x.tables[h>>(64-tableBits)], uint32(h)
}

// find returns the position of a commitment among all.
func (x *index) find(c *fr.Element, all *column[fr.Element]) (uint64, bool) {
	t, hash := x.place(c)
	if t.used == 0 {
		return 0, false
	}
	mask := uint32(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s := t.slots[i]; {
		case s.next == 0:
			return 0, false
		case s.hash == hash && *all.at(int(s.next - 1)) == *c:
			return uint64(s.next - 1), true
		}
	}
}

// add notes the position of a commitment that is not there yet.
func (x *index) add(c *fr.Element, position int) {
	t, hash := x.place(c)
	if 4*(t.used+1) > 3*len(t.slots) {
		old := t.slots
		t.slots = make([]slot, max(4, 2*len(old)))
		for _, s := range old {
			if s.next != 0 {
				t.insert(s)
			}
		}
	}
	t.insert(slot{hash, uint32(position + 1)})
	t.used++
}

func (t *table) insert(s slot) {
	mask := uint32(len(t.slots) - 1)
	i := s.hash & mask
	for t.slots[i].next != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = s
}

// remove forgets the position of a commitment that is there.
func (x *index) remove(c *fr.Element, position int) {
	t, hash := x.place(c)
	mask := uint32(len(t.slots) - 1)
	free := hash & mask
	for t.slots[free].next != uint32(position+1) {
		free = (free + 1) & mask
	}
	// Move back what a search would no longer reach across the free slot.
	for i := (free + 1) & mask; t.slots[i].next != 0; i = (i + 1) & mask {
		if s := t.slots[i]; (i-s.hash)&mask >= (i-free)&mask {
			t.slots[free] = s
			free = i
		}
	}
	t.slots[free] = slot{}
	t.used--
}
