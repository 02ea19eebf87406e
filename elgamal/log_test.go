package elgamal_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
	"github.com/scrutin/scrutin/internal/benchtest"
)

// opened returns 8*m*G, without the code under test.
func opened(m uint64) *babyjub.Point {
	p := new(babyjub.Point).ScalarBaseMul(new(babyjub.Scalar).SetUint64(m))
	return p.MulByCofactor(p)
}

func logTable(t testing.TB, bound uint64) *elgamal.LogTable {
	t.Helper()
	lt, err := elgamal.NewLogTable(bound)
	require.NoError(t, err)
	return lt
}

func below(bound uint64) uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint64(b[:]) % bound
}

func TestSolveFindsEveryPlaintextOfSmallBounds(t *testing.T) {
	for _, bound := range []uint64{1, 2, 3, 1023, 1024, 2046, 2047, 2048, 2500} {
		lt := logTable(t, bound)
		p, step := opened(0), opened(1)
		for m := range bound {
			got, err := lt.Solve(t.Context(), p)
			require.NoError(t, err, "m = %d", m)
			require.Equal(t, m, got)
			p.Add(p, step)
		}
		_, err := lt.Solve(t.Context(), p)
		require.ErrorIs(t, err, elgamal.ErrOutOfRange, "m = bound = %d", bound)
	}
}

// The edges of giant steps (2^11 - 1 plaintexts), of blocks of them (1025 giant steps), and of the bound.
func TestSolveFindsTheEdges(t *testing.T) {
	const span = 1<<11 - 1
	const bound = 1 << 20
	lt := logTable(t, bound)
	for _, m := range []uint64{
		0, 1, span/2 - 1, span / 2, span/2 + 1, span - 1, span, span + 1, 2*span - 1, 2 * span,
		300*span + 7, 511 * span, 512*span - 1, bound - 2, bound - 1,
	} {
		got, err := lt.Solve(t.Context(), opened(m))
		require.NoError(t, err, "m = %d", m)
		require.Equal(t, m, got)
	}
	for range 20 {
		m := below(bound)
		got, err := lt.Solve(t.Context(), opened(m))
		require.NoError(t, err, "m = %d", m)
		require.Equal(t, m, got)
	}
}

func TestSolveFindsPlaintextsUnderEachSizeOfTable(t *testing.T) {
	for _, bound := range []uint64{1<<20 + 1, 1 << 28, 1<<28 + 1, 1 << 36} {
		lt := logTable(t, bound)
		for _, m := range []uint64{0, bound - 1, below(bound), below(bound)} {
			got, err := lt.Solve(t.Context(), opened(m))
			require.NoError(t, err, "m = %d", m)
			require.Equal(t, m, got)
		}
		_, err := lt.Solve(t.Context(), opened(bound))
		require.ErrorIs(t, err, elgamal.ErrOutOfRange)
	}
}

func TestSolveFindsTheLargestPlaintext(t *testing.T) {
	begin := time.Now()
	got, err := logTable(t, elgamal.MaxBound).Solve(t.Context(), opened(elgamal.MaxBound-1))
	require.NoError(t, err)
	require.Equal(t, uint64(elgamal.MaxBound-1), got)
	t.Log("table and solution took", time.Since(begin))

	_, err = logTable(t, elgamal.MaxBound).Solve(t.Context(), opened(elgamal.MaxBound))
	require.ErrorIs(t, err, elgamal.ErrOutOfRange)
}

func TestSolveRefusesWhatIsNoPlaintext(t *testing.T) {
	const bound = 1 << 20
	lt := logTable(t, bound)
	for name, p := range map[string]*babyjub.Point{
		"bound":      opened(bound),
		"far":        opened(1 << 50),
		"minus one":  new(babyjub.Point).Neg(opened(1)),
		"minus half": new(babyjub.Point).Neg(opened(bound / 2)),
		"1 - bound":  new(babyjub.Point).Neg(opened(bound - 1)),
		"unrelated":  point(babyjub.HashToPoint("unrelated")),
		"G, not 8 G": babyjub.NewGenerator(),
	} {
		_, err := lt.Solve(t.Context(), p)
		require.ErrorIs(t, err, elgamal.ErrOutOfRange, name)
	}
	for k, torsion := range babyjubtest.Torsion()[1:] {
		_, err := lt.Solve(t.Context(), new(babyjub.Point).Add(opened(5), &torsion))
		require.ErrorIs(t, err, elgamal.ErrInvalid, "torsion %d", k+1)
		require.ErrorIs(t, err, babyjub.ErrSubgroup)
	}
}

func point(p babyjub.Point) *babyjub.Point { return &p }

func TestLogTableRefusesBounds(t *testing.T) {
	for _, bound := range []uint64{0, elgamal.MaxBound + 1, 1 << 63} {
		_, err := elgamal.NewLogTable(bound)
		require.ErrorIs(t, err, elgamal.ErrOutOfRange)
	}
}

func TestSolveStopsWhenItsContextEnds(t *testing.T) {
	lt := logTable(t, 1<<36)
	_, err := lt.Solve(t.Context(), opened(1)) // the table is built
	require.NoError(t, err)

	ended, end := context.WithCancel(t.Context())
	end()
	_, err = lt.Solve(ended, opened(1<<36-1))
	require.ErrorIs(t, err, context.Canceled)

	late := &countdown{Context: t.Context(), left: 3}
	_, err = lt.Solve(late, opened(1<<36-1))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 0, late.left, "asked once a block")
}

// countdown is a context that ends when it has been asked so many times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left == 0 {
		return context.DeadlineExceeded
	}
	c.left--
	return nil
}

func TestSolveIsSafeForConcurrentUse(t *testing.T) {
	var group sync.WaitGroup
	for i := range uint64(8) {
		group.Go(func() {
			m := 1<<27 + i*1_000_003
			lt, err := elgamal.NewLogTable(1 << 28)
			if err == nil {
				var got uint64
				if got, err = lt.Solve(t.Context(), opened(m)); err == nil && got != m {
					err = fmt.Errorf("%d instead of %d", got, m)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

var solved uint64

// The last plaintext of the largest bound, which takes longest, beside 2^22 additions; the table is built before.
// An addition counts as 5 products of the field: the abscissa of a sum of two affine points of a curve in Weierstrass
// form, (dy/dx)^2 - .., takes a product and a square, and the share of 1/dx in a batched inversion (Montgomery's
// trick) 3 products. Sums, reads from memory and the inversions themselves are left out. A product takes what one
// of many that do not wait for each other takes, in the same run. x-peer is to be at most 1.3.
func BenchmarkSolveWorst44(b *testing.B) {
	const additions, products = 1 << 22, 5
	lt := logTable(b, elgamal.MaxBound)
	p := opened(elgamal.MaxBound - 1)
	_, err := lt.Solve(b.Context(), opened(0))
	require.NoError(b, err)
	var x [8]fr.Element
	for i := range x {
		x[i].SetUint64(uint64(i) + 7)
	}
	y := *new(fr.Element).Inverse(&x[0])
	benchtest.Beside(b, func() { solved, _ = lt.Solve(b.Context(), p) }, 1, func() {
		for range additions * products / len(x) {
			for i := range x {
				x[i].Mul(&x[i], &y)
			}
		}
	}, 1)
	require.Equal(b, uint64(elgamal.MaxBound-1), solved)
}

func BenchmarkSolveWorst20(b *testing.B) {
	lt := logTable(b, 1<<20)
	p := opened(1<<20 - 1)
	for b.Loop() {
		solved, _ = lt.Solve(b.Context(), p)
	}
	require.EqualValues(b, 1<<20-1, solved)
}
