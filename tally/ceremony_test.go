package tally

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	shamir "go.dedis.ch/kyber/v3/share"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/kybergroup"
)

// recoverKey interpolates x from shares and returns x*G.
func recoverKey(t testing.TB, r *run, threshold int, trustees ...int) [64]byte {
	var shares []*shamir.PriShare
	for _, j := range trustees {
		shares = append(shares, &shamir.PriShare{I: j - 1, V: kybergroup.FromScalar(r.share(j))})
	}
	x, err := shamir.RecoverSecret(group, shares, threshold, len(r.trustees)-1)
	require.NoError(t, err)
	return new(babyjub.Point).ScalarBaseMul(kybergroup.ToScalar(x)).Bytes()
}

func TestCeremonyMakesAThresholdKey(t *testing.T) {
	r := newRun(t, 5, 3)
	start := time.Now()
	r.play()
	t.Log(time.Since(start))
	st := r.c.Status()
	require.True(t, st.Done)
	require.Equal(t, Status{Round: RoundSign, Signed: []int{1, 2, 3, 4, 5}, Done: true}, st)
	h, err := r.c.PublicKey()
	require.NoError(t, err)
	keys, err := r.c.VerificationKeys()
	require.NoError(t, err)
	require.Len(t, keys, 5)
	for j := 1; j <= 5; j++ {
		require.Equal(t, keys[j-1], new(babyjub.Point).ScalarBaseMul(r.share(j)).Bytes())
	}
	require.Equal(t, h.Bytes(), recoverKey(t, r, 3, 1, 2, 3))
	require.Equal(t, h.Bytes(), recoverKey(t, r, 3, 5, 1, 4))
	r.requireOrderless()
}
