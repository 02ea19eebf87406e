package babyjub_test

import (
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
)

func TestPointBytesRoundTrip(t *testing.T) {
	points := somePoints()
	batch := babyjub.BatchBytes(points)
	require.Len(t, batch, len(points))
	decoded := make([]babyjub.Point, len(points))
	for i := range points {
		b := points[i].Bytes()
		require.Equal(t, b, batch[i])
		require.NoError(t, decoded[i].SetBytes(b[:]))
		require.True(t, decoded[i].Equal(&points[i]))
		x, y := points[i].Affine()
		xb, yb := x.Bytes(), y.Bytes()
		require.Equal(t, b[:], append(xb[:], yb[:]...))
	}
	require.Equal(t, batch, babyjub.BatchBytes(decoded), "points with z = 1")
	require.Empty(t, babyjub.BatchBytes(nil))
}

func TestBadLengths(t *testing.T) {
	g := babyjub.NewGenerator().Bytes()
	s := randomScalar()
	sb := s.Bytes()
	for n := range 64 + 100 {
		long := make([]byte, n)
		copy(long, g[:])
		var p babyjub.Point
		if n != 64 {
			require.ErrorIs(t, p.SetBytes(long), babyjub.ErrEncoding, "%d bytes", n)
			require.ErrorIs(t, p.SetSubgroupBytes(long), babyjub.ErrEncoding, "%d bytes", n)
			require.Equal(t, babyjub.Point{}, p)
		}
		short := make([]byte, n)
		copy(short[max(0, n-32):], sb[max(0, 32-n):]) // leading zeros
		if n != 32 {
			require.ErrorIs(t, new(babyjub.Scalar).SetBytes(short), babyjub.ErrEncoding, "%d bytes", n)
		}
	}
}

// gnark-crypto's own decoder of compressed points takes a y for which the curve
// has no x and returns a point that is not on the curve.
func TestGnarkCryptoDecodesOffCurvePoints(t *testing.T) {
	found := false
	for y := byte(2); y < 40 && !found; y++ {
		b := make([]byte, 32)
		b[0] = y // little-endian
		var p twistededwards.PointAffine
		_, err := p.SetBytes(b)
		found = err == nil && !p.IsOnCurve()
		if !found {
			continue
		}
		x, ycoord := new(big.Int), new(big.Int)
		p.X.BigInt(x)
		p.Y.BigInt(ycoord)
		f := integer("6360561867910373094066688120553762416144456282423235903351243436111059670888")
		eip := mulMod(x, new(big.Int).ModInverse(new(big.Int).Sub(fieldOrder, f), fieldOrder))
		ours := oracle{eip, ycoord}.bytes()
		require.ErrorIs(t, new(babyjub.Point).SetBytes(ours[:]), babyjub.ErrEncoding)
	}
	require.True(t, found, "the pitfall is gone: this test and DESIGN's warning can go")
}

func FuzzPointSetBytes(f *testing.F) {
	for _, p := range somePoints() {
		b := p.Bytes()
		f.Add(b[:])
		b[63] ^= 1
		f.Add(b[:])
	}
	f.Add(make([]byte, 64))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var p, q babyjub.Point
		if err := p.SetBytes(b); err != nil {
			require.ErrorIs(t, err, babyjub.ErrEncoding)
			require.Equal(t, babyjub.Point{}, p)
			require.ErrorIs(t, q.SetSubgroupBytes(b), babyjub.ErrEncoding)
			return
		}
		require.True(t, oracleOf(&p).onCurve())
		got := p.Bytes()
		require.Equal(t, b, got[:], "one encoding a point")
		err := q.SetSubgroupBytes(b)
		if p.InSubgroup() && !p.IsIdentity() {
			require.NoError(t, err)
			require.True(t, q.Equal(&p))
		} else {
			require.ErrorIs(t, err, babyjub.ErrSubgroup)
			require.Equal(t, babyjub.Point{}, q)
		}
	})
}

func FuzzScalarSetBytes(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add(groupOrder.Bytes())
	f.Add(new(big.Int).Sub(groupOrder, big.NewInt(1)).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		var s babyjub.Scalar
		n := new(big.Int).SetBytes(b)
		err := s.SetBytes(b)
		if len(b) != 32 || n.Cmp(groupOrder) >= 0 {
			require.ErrorIs(t, err, babyjub.ErrEncoding)
			require.True(t, s.IsZero())
			return
		}
		require.NoError(t, err)
		got := s.Bytes()
		require.Equal(t, b, got[:])
	})
}
