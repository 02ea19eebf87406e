package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/examples/internal/poll"
	"github.com/scrutin/scrutin/examples/internal/poll/polltest"
)

func TestFlags(t *testing.T) { polltest.Usage(t, &program) }

// A whole election, its audit, and the evidence against the box that lied.
func TestElection(t *testing.T) {
	output, dir := polltest.Hold(t, &program, "7")
	require.Contains(t, output, "the opened result and the noted votes agree")
	require.Regexp(t, `box 2 \(broadcaster\) +sealed `, output)
	require.Regexp(t, `box 4 \(library\) +open `, output)
	require.Contains(t, output, "9 ballots were cast, and for each of them one receipt at least is honoured")
	require.Equal(t, 1, strings.Count(output, " LIED: "))
	require.Contains(t, output, "box 2 (broadcaster) LIED: ")

	line := regexp.MustCompile(`\n    (go run \./examples/audit -election [0-9a-f]{64} -evidence (\S+) (\S+))\n`).FindStringSubmatch(output)
	require.NotNil(t, line, output)
	evidence, manifest := line[2], line[3]
	require.Equal(t, filepath.Join(dir, "record", "manifest.json"), manifest)
	check := func() ([]byte, error) {
		args := strings.Fields(line[1])
		audit := exec.Command(args[0], args[1:]...)
		audit.Dir = filepath.Join("..", "..")
		return audit.CombinedOutput()
	}
	said, err := check()
	require.NoError(t, err, "%s", said)
	require.Contains(t, string(said), "audit: PROVEN: box: the operator of election.example/ivoting/broadcaster/")

	// Nobody is convicted by what somebody made up.
	raw, err := os.ReadFile(evidence)
	require.NoError(t, err)
	forged := bytes.Replace(raw, []byte("/broadcaster/"), []byte("/court/"), 2)
	require.NotEqual(t, raw, forged)
	require.NoError(t, os.WriteFile(evidence, forged, 0o600))
	said, err = check()
	require.Error(t, err, "%s", said)
	require.NotContains(t, string(said), "PROVEN")
}

// One voter is enough for the story: hers is the ballot that is dropped.
func TestOneVoter(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a whole election")
	}
	var out bytes.Buffer
	require.NoError(t, program.Run(t.Context(), []string{"-voters", "1", "-out", filepath.Join(t.TempDir(), "election")}, &out))
	require.Contains(t, out.String(), "and closed its log with 0 ballots")
}

// The example fails if the box that is said to lie does not, rather than tell its story all the same.
func TestAnHonestBoxIsNotConvicted(t *testing.T) {
	if testing.Short() {
		t.Skip("runs most of an election")
	}
	s := &scene{dir: t.TempDir(), out: io.Discard, operators: newOperators(), voters: make([]*voter, 3)}
	s.liar().dislike = ""
	require.EqualError(t, s.play(t.Context()), "box 2 (broadcaster): 0 receipts are broken")
	require.NoDirExists(t, filepath.Join(s.dir, "evidence"))
}

func TestFindingsTellFraudFromALogThatIsTooShort(t *testing.T) {
	var f finding
	require.NoError(t, f.add(nil))
	require.NoError(t, f.add(box.ErrBehind))
	first := new(box.Evidence)
	require.NoError(t, f.add(first))
	require.NoError(t, f.add(new(box.Evidence)))
	require.Same(t, first, f.evidence)
	require.ErrorIs(t, f.add(os.ErrNotExist), os.ErrNotExist)
	require.Equal(t, finding{1, 1, 2, first}, f)
}

func TestTheLastVoteIsNoted(t *testing.T) {
	voters := []*voter{{noted: "amari"}, {noted: ""}, {noted: "amari"}}
	require.Equal(t, poll.Count{{Option: "amari"}: 2, {Label: ballot.BlankLabel}: 1}, plainCount(voters))
}

func TestThirdsOfTheVotersAreAllOfThem(t *testing.T) {
	for n := 1; n < 10; n++ {
		s := &scene{voters: make([]*voter, n)}
		require.Positive(t, s.third(1), n)
		require.LessOrEqual(t, s.third(1), s.third(2), n)
		require.LessOrEqual(t, s.third(2), n)
	}
}
