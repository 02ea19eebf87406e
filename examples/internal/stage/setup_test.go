package stage

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/ceremony"
	"github.com/scrutin/scrutin/proof/prover"
)

// holdCeremony runs a ceremony of two in a directory, with powers of their own.
func holdCeremony(t *testing.T, dir string, r prover.Relation) (*proof.VerifyingKey, ballot.MembershipInfo) {
	t.Helper()
	put := func(name string, content []byte, err error) {
		require.NoError(t, err)
		require.NoError(t, Put(filepath.Join(dir, filepath.FromSlash(name)), content))
	}
	beacon := func(b byte) ceremony.Beacon {
		return ceremony.Beacon{Source: "for tests", Value: []byte{b, 15: 0}}
	}
	names := []string{"Ada Lovelace", "Sophie Germain"}

	phase1, err := ceremony.OpenPhase1(t.Context(), os.DirFS(dir), r)
	require.NoError(t, err)
	for i, name := range names {
		file, err := phase1.Contribute(name)
		put(ceremony.Phase1File(i+1), file, err)
	}
	powers, err := phase1.Seal(beacon(1))
	require.NoError(t, err)
	origin, err := powers.OriginBytes()
	put(ceremony.OriginFile, origin, err)
	put(ceremony.PowersFile, powers.Bytes(), nil)
	start, err := ceremony.Start(t.Context(), powers)
	put(ceremony.StartFile, start, err)

	c, err := ceremony.Open(t.Context(), os.DirFS(dir))
	require.NoError(t, err)
	for i, name := range names {
		file, err := c.Contribute(t.Context(), name)
		put(ceremony.ContributionFile(i+1), file, err)
	}
	key, transcript, err := c.Finalize(t.Context(), beacon(2))
	require.NoError(t, err)
	document, err := transcript.Bytes()
	put(ceremony.TranscriptFile, document, err)
	provenance, err := transcript.Provenance()
	require.NoError(t, err)
	return key.VerifyingKey(), ballot.MembershipInfo{VerifyingKey: transcript.VerifyingKey, ProvingKey: transcript.ProvingKey, Provenance: provenance}
}

// The ceremony is sound, and its verifying key the election's: what is left to differ is the relation, and the proving key.
func TestCheckSetUp(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a whole ceremony")
	}
	dir := t.TempDir()
	key, info := holdCeremony(t, dir, prover.Relation{Depth: 1})
	for _, c := range []struct {
		edit func(d *ballot.Draft)
		want string
	}{
		{func(*ballot.Draft) {}, ""},
		{func(d *ballot.Draft) { d.Census.Depth = 2 },
			"the ceremony was about membership at depth 1, the census needs membership at depth 2"},
		{func(d *ballot.Draft) { d.Census.Weighted, d.Census.MinimumClass = true, 0 },
			"the ceremony was about membership at depth 1, the census needs weighted membership at depth 1"},
		{func(d *ballot.Draft) { d.Membership.ProvingKey[0] ^= 1 }, "the ceremony ended in the proving key "},
	} {
		m := electiontest.New(t, electiontest.Config{Voters: 2, Edit: func(d *ballot.Draft) {
			d.Census.Depth, d.Membership = 1, info
			c.edit(d)
		}}).Manifest
		err := CheckSetUp(dir, "")(t.Context(), m, key)
		if c.want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, c.want)
		}
	}
}
