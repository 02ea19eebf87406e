package ballot_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/proof/prover"
)

func Example() {
	ctx := context.Background()
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}

	// An election of five voters. The manifest, the census and the verifying key are public.
	election := electiontest.New(exampleT{}, electiontest.Config{Revotes: 3})
	m, err := ballot.ParseManifest(election.Manifest.Bytes())
	check(err)
	check(m.CheckSignatures(election.Signatures))

	// The voter, ahead of time: the anonymous proof that she is in the census.
	path, err := election.Census.Path(2)
	check(err)
	credential, err := ballot.NewCredential(ctx, m, election.Identities[2], path, election.Key)
	check(err)

	// She answers. To check her device she spoils the first ballot, and another device opens it.
	votes := map[ballot.QuestionID]ballot.Vote{
		"treaty":   ballot.Choose("yes"),
		"projects": ballot.Choose("library", "park"),
	}
	sealed, err := credential.Encrypt(votes)
	check(err)
	shown := sealed.Digest()
	opening, err := sealed.Spoil()
	check(err)
	opened, err := opening.Verify(m, shown)
	check(err)
	fmt.Println("the spoiled ballot says", opened["treaty"].Options(), opened["projects"].Options())

	// She casts the second one.
	sealed, err = credential.Encrypt(votes)
	check(err)
	cast, err := sealed.Sign(0)
	check(err)
	raw := cast.Bytes()
	fmt.Println("a ballot has", len(raw), "bytes")

	// The box, and everybody later.
	verifier, err := ballot.NewVerifier(m, ballot.AcceptKey(election.Key.VerifyingKey()))
	check(err)
	received, err := ballot.ParseBallot(m, raw)
	check(err)
	verdicts, err := verifier.VerifyBatch(ctx, []*ballot.Ballot{received})
	check(err)
	fmt.Println("verdict:", verdicts[0])

	rules := ballot.NewRulebook(m)
	_, _, err = rules.Apply(received, 0)
	check(err)
	fmt.Println("again:", rules.Check(received))

	// Output:
	// the spoiled ballot says [yes] [library park]
	// a ballot has 2093 bytes
	// verdict: <nil>
	// again: ballot: applied before, at index 0
}

// exampleT lets an Example use a fixture that is made for tests.
type exampleT struct{ testing.TB }

func (exampleT) Helper()                   {}
func (exampleT) Errorf(f string, a ...any) { fmt.Printf(f, a...) }
func (exampleT) FailNow()                  { panic("the fixture failed") }

func TestAMembershipProofFromTheCircuit(t *testing.T) {
	ctx := context.Background()
	key, verifying, err := prover.InsecureSetup(ctx, prover.Relation{Depth: 3})
	require.NoError(t, err)
	e := electiontest.New(t, electiontest.Config{Edit: func(d *ballot.Draft) {
		d.Census.Depth = 3
		d.Membership.VerifyingKey, d.Membership.ProvingKey = verifying.Digest(), key.Digest()
	}})
	path, err := e.Census.Path(3)
	require.NoError(t, err)
	c, err := ballot.NewCredential(ctx, e.Manifest, e.Identities[3], path, key)
	require.NoError(t, err)
	s, err := c.Encrypt(electiontest.Votes(2))
	require.NoError(t, err)
	b, err := s.Sign(0)
	require.NoError(t, err)
	v, err := ballot.NewVerifier(e.Manifest, ballot.AcceptKey(verifying))
	require.NoError(t, err)
	require.NoError(t, v.Verify(ctx, b))
	verdicts, err := v.VerifyBatch(ctx, []*ballot.Ballot{b, b})
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil}, verdicts)

}

func TestTheElectionOfTheTests(t *testing.T) {
	ctx := context.Background()
	for name, config := range map[string]electiontest.Config{
		"default":  {},
		"weighted": {Weights: []uint64{1, 1, 5, 1000}, Revotes: 2, Trustees: 5, Threshold: 3},
	} {
		e := electiontest.New(t, config)
		require.NoError(t, e.Manifest.CheckSignatures(e.Signatures), name)
		v := e.Verifier(t)
		for i := range e.Identities {
			b := e.Ballot(t, i, 0, i)
			require.NoError(t, v.Verify(ctx, b), name)
			if config.Weights != nil {
				require.Equal(t, config.Weights[i], b.Weight())
			}
		}
	}
}
