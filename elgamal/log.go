package elgamal

import (
	"context"
	"fmt"
	"math/bits"
	"sync"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// MaxBound is the largest bound of a LogTable.
const MaxBound = 1 << 44

// LogTable finds m in 8*m*G for 0 <= m < bound, by baby steps and giant steps. It is safe for
// concurrent use. Tables with bounds of like size share one table of baby steps, which the first
// Solve builds and the program keeps: 56 MB above 2^36, otherwise less than 4 MB.
type LogTable struct {
	bound uint64
	steps *lazySteps
}

// NewLogTable returns a table for plaintexts below bound, 1 <= bound <= MaxBound.
func NewLogTable(bound uint64) (*LogTable, error) {
	for _, s := range allSteps {
		if 0 < bound && bound <= s.bound {
			return &LogTable{bound: bound, steps: s}, nil
		}
	}
	return nil, fmt.Errorf("%w: bound %d, want 1 to 2^44", ErrOutOfRange, bound)
}

// Solve returns the m for which p = 8*m*G. It returns ErrOutOfRange if there is none below the
// bound, ErrInvalid if p is not in the subgroup of prime order, and ctx's error when ctx ends
// before. The time grows with m, to bound/span additions of points: 2^21 for the largest bound.
func (lt *LogTable) Solve(ctx context.Context, p *babyjub.Point) (uint64, error) {
	if !p.InSubgroup() {
		return 0, fmt.Errorf("%w opened sum: %w", ErrInvalid, babyjub.ErrSubgroup)
	}
	s, err := lt.steps.get(ctx)
	if err != nil {
		return 0, err
	}
	// The giant steps are p_i = p - (reach + i*span)*8G, with span = 2*reach + 1. The baby steps
	// are j*8G, 0 <= j <= reach, and with negation each stands for two: p_i = ±j*8G means
	// m = i*span + reach ± j, so that the i-th giant step covers span plaintexts, from i*span up.
	start := eightTimes(s.reach)
	start.Sub(p, start)
	walk := s.giant.From(start)
	var found [babyjub.WalkBlock]uint64
	for middle := s.reach; middle < lt.bound+s.reach; {
		if err := ctx.Err(); err != nil {
			return 0, cancelled(err)
		}
		ys := walk.Next()
		// Two passes, so that the reads from memory, which are far apart, overlap.
		for i := range ys {
			found[i] = s.slots[s.home(ys[i][0])]
		}
		for i := range ys {
			if found[i] != 0 {
				if m, ok := s.match(ys[i][0], p, middle, lt.bound); ok {
					return m, nil
				}
			}
			middle += s.span()
		}
	}
	return 0, fmt.Errorf("%w: it is not below %d", ErrOutOfRange, lt.bound)
}

// eightTimes returns m*8G, m < 2^61.
func eightTimes(m uint64) *babyjub.Point {
	return new(babyjub.Point).VarTimeScalarBaseMul(new(babyjub.Scalar).SetUint64(8 * m))
}

func cancelled(err error) error { return fmt.Errorf("elgamal: discrete logarithm: %w", err) }

// babySteps holds 0, 8G .. reach*8G by their y-coordinates, which a point shares with its negative
// alone. It is a hash table with linear probing. A slot holds the step j+1 in its low bits and
// as many bits of y as there is room for above; 0 is empty. A false match is rare, and
// found out by match.
type babySteps struct {
	reach uint64
	slots []uint64
	giant *babyjub.Stride // -span*8G
}

const (
	stepBits = 23 // for j+1 <= 2^22
	stepMask = 1<<stepBits - 1
)

// slotCount returns the number of slots for n steps: three fifths are used.
func slotCount(n uint64) uint64 { return n*5/3 + 1 }

func (s *babySteps) span() uint64 { return 2*s.reach + 1 }

// home returns the slot where the search for y begins. word is the low word of y in the field's
// internal form, which is as good as uniform; its high bits choose the slot.
func (s *babySteps) home(word uint64) uint64 {
	hi, _ := bits.Mul64(word, uint64(len(s.slots)))
	return hi
}

// next returns the slot that follows.
func (s *babySteps) next(i uint64) uint64 {
	if i++; i < uint64(len(s.slots)) {
		return i
	}
	return 0
}

func (s *babySteps) insert(word, j uint64) {
	i := s.home(word)
	for s.slots[i] != 0 {
		i = s.next(i)
	}
	s.slots[i] = word<<stepBits | (j + 1)
}

// match returns m = middle ± j, m < bound, for a baby step j that has the y-coordinate of
// p - middle*8G, if it is the logarithm of p.
func (s *babySteps) match(word uint64, p *babyjub.Point, middle, bound uint64) (uint64, bool) {
	for i := s.home(word); s.slots[i] != 0; i = s.next(i) {
		if (s.slots[i]^word<<stepBits)&^stepMask != 0 {
			continue
		}
		j := s.slots[i]&stepMask - 1
		for _, m := range [2]uint64{middle - j, middle + j} {
			if m < bound && eightTimes(m).Equal(p) {
				return m, true
			}
		}
	}
	return 0, false
}

func newBabySteps(n uint64) *babySteps {
	s := &babySteps{reach: n - 1, slots: make([]uint64, slotCount(n))}
	giant := eightTimes(s.span())
	s.giant = babyjub.NewStride(giant.Neg(giant))
	walk := babyjub.NewStride(eightTimes(1)).From(babyjub.NewIdentity())
	for j := uint64(0); j < n; {
		for _, y := range walk.Next() {
			if j < n {
				s.insert(y[0], j)
			}
			j++
		}
	}
	return s
}

// lazySteps are the baby steps for bounds up to its own, built once.
type lazySteps struct {
	bound uint64
	steps uint64
	once  sync.Once
	done  chan struct{}
	value *babySteps
}

// allSteps has n baby steps for bounds to n^2, so that a solution takes at most n/2 giant steps.
var allSteps = [...]*lazySteps{
	{bound: 1 << 20, steps: 1 << 10, done: make(chan struct{})},
	{bound: 1 << 28, steps: 1 << 14, done: make(chan struct{})},
	{bound: 1 << 36, steps: 1 << 18, done: make(chan struct{})},
	{bound: 1 << 44, steps: 1 << 22, done: make(chan struct{})},
}

// get returns the steps, or ctx's error if it ends before they are built. The building goes on.
func (l *lazySteps) get(ctx context.Context) (*babySteps, error) {
	l.once.Do(func() {
		go func() {
			l.value = newBabySteps(l.steps)
			close(l.done)
		}()
	})
	select {
	case <-l.done:
		return l.value, nil
	case <-ctx.Done():
		return nil, cancelled(ctx.Err())
	}
}
