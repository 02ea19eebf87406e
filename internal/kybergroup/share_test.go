package kybergroup_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3/share"
	"go.dedis.ch/kyber/v3/util/random"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/kybergroup"
)

func TestSharesRecoverTheSecret(t *testing.T) {
	g := kybergroup.New()
	for _, c := range []struct{ threshold, n int }{{2, 2}, {2, 3}, {3, 5}, {5, 9}} {
		secret := g.Scalar().Pick(random.New())
		poly := share.NewPriPoly(g, c.threshold, secret, random.New())
		public := poly.Commit(nil)
		require.True(t, public.Commit().Equal(g.Point().Mul(secret, nil)))

		// A ciphertext's first half, opened in the exponent by each share.
		a := g.Point().Pick(random.New())
		private := poly.Shares(c.n)
		opened := make([]*share.PubShare, c.n)
		for i, s := range private {
			require.True(t, public.Check(s))
			require.True(t, public.Eval(i).V.Equal(g.Point().Mul(s.V, nil)))
			opened[i] = &share.PubShare{I: i, V: g.Point().Mul(s.V, a)}
		}
		private[0].V.Add(private[0].V, g.Scalar().One())
		require.False(t, public.Check(private[0]))

		// Any t shares do, here the last.
		recovered, err := share.RecoverSecret(g, private[c.n-c.threshold:], c.threshold, c.n)
		require.NoError(t, err)
		if c.n > c.threshold {
			require.True(t, recovered.Equal(secret))
		} else {
			require.False(t, recovered.Equal(secret), "share 0 was altered")
		}
		point, err := share.RecoverCommit(g, opened[c.n-c.threshold:], c.threshold, c.n)
		require.NoError(t, err)
		require.True(t, point.Equal(g.Point().Mul(secret, a)))

		_, err = share.RecoverCommit(g, opened[:c.threshold-1], c.threshold, c.n)
		require.Error(t, err)
	}
}

func TestSumsOfPolynomialsShareTheSumOfSecrets(t *testing.T) {
	g := kybergroup.New()
	p := share.NewPriPoly(g, 3, nil, random.New())
	q := share.NewPriPoly(g, 3, nil, random.New())
	sum, err := p.Add(q)
	require.NoError(t, err)
	public, err := p.Commit(nil).Add(q.Commit(nil))
	require.NoError(t, err)
	require.True(t, public.Equal(sum.Commit(nil)))
	for i := range 5 {
		require.True(t, public.Check(sum.Eval(i)))
	}
	pub, err := share.RecoverPubPoly(g, public.Shares(5), 3, 5)
	require.NoError(t, err)
	require.True(t, pub.Equal(public))
}

// Two of three trustees open what is encrypted to their common key.
func Example() {
	g := kybergroup.New()
	poly := share.NewPriPoly(g, 2, nil, random.New())
	key := poly.Commit(nil).Commit()

	r := g.Scalar().Pick(random.New())
	a := g.Point().Mul(r, nil)
	b := g.Point().Add(g.Point().Base(), g.Point().Mul(r, key)) // of 1

	var shares []*share.PubShare
	for _, i := range []int{0, 2} {
		shares = append(shares, &share.PubShare{I: i, V: g.Point().Mul(poly.Eval(i).V, a)})
	}
	mask, err := share.RecoverCommit(g, shares, 2, 3)
	if err != nil {
		fmt.Println(err)
		return
	}
	plain := kybergroup.ToPoint(g.Point().Sub(b, mask))
	fmt.Println(plain.Equal(babyjub.NewGenerator()))
	// Output: true
}
