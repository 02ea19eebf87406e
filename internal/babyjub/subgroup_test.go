package babyjub_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
)

// What the proof in subgroup.go leaves to compute: the pairing of T with -T is a primitive 8th root
// of unity. With it, the pairing tells the cosets of the subgroup apart: that of k T gives its -k-th power.
func TestPairingTellsTheCosetsApart(t *testing.T) {
	torsion := babyjubtest.Torsion()
	root := babyjub.Pairing(&torsion[7])
	power := root
	for range 3 {
		require.False(t, power.IsOne())
		power.Square(&power)
	}
	require.True(t, power.IsOne())

	want := power // 1
	for k := range 8 {
		coset := &torsion[(8-k)%8]
		for range 20 {
			p := randomPoint()
			p.Add(&p, coset)
			got := babyjub.Pairing(&p)
			require.True(t, got.Equal(&want), "coset of %d T", -k)
		}
		switch k {
		case 0, 2, 4, 6, 7: // O, -2 T, 4 T, 2 T, T
			got := babyjub.Pairing(coset)
			require.True(t, got.IsZero(), "%d T", -k)
		default:
			got := babyjub.Pairing(coset)
			require.True(t, got.Equal(&want), "%d T", -k)
		}
		want.Mul(&want, &root)
	}
}

func checkSubgroup(t *testing.T, p *babyjub.Point) {
	t.Helper()
	want := babyjub.MulByOrder(p).IsIdentity()
	require.Equal(t, want, p.InSubgroup())
	b := p.Bytes()
	var q babyjub.Point
	require.NoError(t, q.SetBytes(b[:])) // z = 1
	require.Equal(t, want, q.InSubgroup())
	err := q.SetSubgroupBytes(b[:])
	if want && !p.IsIdentity() {
		require.NoError(t, err)
	} else {
		require.ErrorIs(t, err, babyjub.ErrSubgroup)
	}
}

func TestSubgroupCheckIsMultiplicationByQ(t *testing.T) {
	torsion := babyjubtest.Torsion()
	for k := range torsion {
		checkSubgroup(t, &torsion[k])
		for _, p := range somePoints() {
			for range 5 {
				p.Add(&p, &torsion[k])
				checkSubgroup(t, &p)
				p.Double(&p)
				checkSubgroup(t, &p)
			}
		}
	}
}

// The map to the curve gives points of any order.
func FuzzSubgroup(f *testing.F) {
	f.Add(make([]byte, 32), byte(0))
	f.Add([]byte{1}, byte(4))
	f.Fuzz(func(t *testing.T, b []byte, k byte) {
		var u babyjub.Field
		u.SetBytes(b)
		p := babyjub.MapToCurve(&u)
		torsion := babyjubtest.Torsion()
		p.Add(&p, &torsion[k%8])
		checkSubgroup(t, &p)
		p.MulByCofactor(&p)
		checkSubgroup(t, &p)
		p.Add(&p, &torsion[k%8])
		checkSubgroup(t, &p)
	})
}
