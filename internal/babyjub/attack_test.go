package babyjub_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
)

// Subgroup and cofactor checks missing (row 4 of the attacks): the decoder of
// keys, ceremony messages and shares takes no point of small order, no point
// with a component of small order, and no other encoding of a point it takes.
func TestAttack04SubgroupDecoderRejectsTorsion(t *testing.T) {
	key := randomPoint()
	before := randomPoint()
	p := before
	for k, torsion := range babyjubtest.Torsion() {
		b := torsion.Bytes()
		require.ErrorIs(t, p.SetSubgroupBytes(b[:]), babyjub.ErrSubgroup, "torsion point %d", k)
		require.NoError(t, new(babyjub.Point).SetBytes(b[:]))

		shifted := new(babyjub.Point).Add(&key, &torsion)
		b = shifted.Bytes()
		if k == 0 {
			require.NoError(t, new(babyjub.Point).SetSubgroupBytes(b[:]))
			continue
		}
		require.False(t, shifted.InSubgroup())
		require.ErrorIs(t, p.SetSubgroupBytes(b[:]), babyjub.ErrSubgroup, "key plus torsion point %d", k)
		require.NoError(t, new(babyjub.Point).SetBytes(b[:]))
	}
	require.Equal(t, before, p, "an error leaves the point as it was")
}

func TestAttack04DecodersRejectOtherEncodings(t *testing.T) {
	before := randomPoint()
	p := before
	reject := func(x, y *big.Int, what string) {
		t.Helper()
		if x.BitLen() > 256 || y.BitLen() > 256 {
			return // does not fit the encoding
		}
		b := oracle{x, y}.bytes()
		require.ErrorIs(t, p.SetBytes(b[:]), babyjub.ErrEncoding, what)
		require.ErrorIs(t, p.SetSubgroupBytes(b[:]), babyjub.ErrEncoding, what)
	}
	for _, point := range somePoints() {
		o := oracleOf(&point)
		for k := int64(1); k <= 5; k++ {
			kr := new(big.Int).Mul(big.NewInt(k), fieldOrder)
			reject(new(big.Int).Add(o.x, kr), o.y, "x + k r")
			reject(o.x, new(big.Int).Add(o.y, kr), "y + k r")
		}
		one := big.NewInt(1)
		reject(new(big.Int).Mod(new(big.Int).Add(o.x, one), fieldOrder), o.y, "off the curve")
		reject(o.x, new(big.Int).Mod(new(big.Int).Add(o.y, one), fieldOrder), "off the curve")
		if o.x.Cmp(o.y) != 0 {
			reject(o.y, o.x, "coordinates exchanged")
		}
	}
	require.Equal(t, before, p, "an error leaves the point as it was")
}

// What a torsion component does to an equation is undone by the cofactor.
func TestAttack04CofactorRemovesTorsion(t *testing.T) {
	p := randomPoint()
	var want, got, shifted babyjub.Point
	want.MulByCofactor(&p)
	require.True(t, want.InSubgroup())
	for _, torsion := range babyjubtest.Torsion() {
		shifted.Add(&p, &torsion)
		require.True(t, got.MulByCofactor(&shifted).Equal(&want))
		require.False(t, shifted.IsSmallOrder())
	}
}
