package elgamal

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// memory is what the table for n steps takes.
func memory(n uint64) uint64 { return 8*slotCount(n) + uint64(unsafe.Sizeof(babyjub.Stride{})) }

func TestTablesAreSmall(t *testing.T) {
	var all uint64
	for i, l := range allSteps {
		require.Equal(t, l.bound, l.steps*l.steps)
		require.LessOrEqual(t, l.steps, uint64(1)<<22)
		require.Less(t, l.steps, uint64(1)<<stepBits, "j+1 fits in a slot")
		if i > 0 {
			require.Greater(t, l.bound, allSteps[i-1].bound)
		}
		all += memory(l.steps)
	}
	require.Equal(t, uint64(MaxBound), allSteps[len(allSteps)-1].bound)
	require.Less(t, all, uint64(64e6), "all tables together")

	for _, c := range []struct{ bound, most uint64 }{{1, 70e3}, {1 << 20, 70e3}, {1 << 28, 300e3}, {1 << 36, 4e6}} {
		lt, err := NewLogTable(c.bound)
		require.NoError(t, err)
		require.LessOrEqual(t, memory(lt.steps.steps), c.most, "bound %d", c.bound)
	}
	s := newBabySteps(1 << 10)
	require.EqualValues(t, slotCount(1<<10), len(s.slots), "what memory counts is what is built")
	require.Equal(t, cap(s.slots), len(s.slots))
	used := 0
	for _, v := range s.slots {
		if v != 0 {
			used++
		}
	}
	require.Equal(t, 1<<10, used)
}

// A step found by its y-coordinate is believed only after a multiplication: another point's entry in its place
// gives no answer.
func TestFalseMatchIsFoundOut(t *testing.T) {
	s := newBabySteps(1 << 10)
	y := babyjub.NewStride(eightTimes(1)).From(eightTimes(0)).Next()
	const bound = 1 << 20

	m, ok := s.match(y[7][0], eightTimes(1007), 1000, bound)
	require.True(t, ok)
	require.EqualValues(t, 1007, m)
	m, ok = s.match(y[7][0], eightTimes(993), 1000, bound)
	require.True(t, ok)
	require.EqualValues(t, 993, m)

	_, ok = s.match(y[7][0], eightTimes(1008), 1000, bound)
	require.False(t, ok, "p - 1000*8G has another y")
	_, ok = s.match(y[7][0], eightTimes(1007), 1000, 1007)
	require.False(t, ok, "1007 is the bound")
}

// The search of a slot passes over the end of the table.
func TestProbingWrapsAround(t *testing.T) {
	s := &babySteps{reach: 2, slots: make([]uint64, 4)}
	for j := range uint64(3) {
		s.insert(^uint64(0)-j, j) // all begin at the last slot
	}
	require.NotZero(t, s.slots[3])
	require.NotZero(t, s.slots[0])
	require.NotZero(t, s.slots[1])
	require.Zero(t, s.slots[2])
	for j := range uint64(3) {
		m, ok := s.match(^uint64(0)-j, eightTimes(2+j), 2, 10)
		require.True(t, ok)
		require.Equal(t, 2+j, m)
	}
}

var built *babySteps

// 2^22 additions, and the filling of the table.
func BenchmarkLogTableBuild(b *testing.B) {
	for b.Loop() {
		built = newBabySteps(1 << 22)
	}
}

// 2^22 additions alone.
func BenchmarkAdditions22(b *testing.B) {
	walk := babyjub.NewStride(eightTimes(1)).From(eightTimes(0))
	for b.Loop() {
		for range 1 << 22 / babyjub.WalkBlock {
			walk.Next()
		}
	}
}
