package ballot

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

const vectorsFile = "testdata/vectors.json"

// vectors are what another implementation can compare itself with.
type vectors struct {
	Comment      string              `json:"comment"`
	Manifest     string              `json:"manifest"`
	Election     ElectionID          `json:"election"`
	VerifyingKey wire.Hex            `json:"verifyingKey"`
	Bases        map[string]pointHex `json:"bases"`
	Ballot       wire.Hex            `json:"ballot"`
	Message      wire.Hex32          `json:"message"`
	Sealed       wire.Hex32          `json:"sealed"`
	Digest       wire.Hex32          `json:"digest"`
	Tracker      string              `json:"tracker"`
	Questions    []questionVector    `json:"questions"`
}

type questionVector struct {
	Layout wire.Hex32   `json:"layout"`
	Y      []wire.Hex32 `json:"y"`
	X      wire.Hex32   `json:"x"`
}

const vectorsComment = "Made by `go test ./ballot -run TestVectors -update`: one ballot of one voter, of weight 3 and sequence number 1, " +
	"with random keys. The membership is simulated with the trapdoor of its key, as proof/prooftest does. " +
	"y lists u_1 .., w_1 .., v_1 .. and x follows; docs/spec/ballot.md."

func vectorsOf(t testing.TB, manifest, ballot, key []byte) vectors {
	t.Helper()
	m, err := ParseManifest(manifest)
	require.NoError(t, err)
	b, err := ParseBallot(m, ballot)
	require.NoError(t, err)
	vk, err := proof.ParseVerifyingKey(key)
	require.NoError(t, err)
	v, err := NewVerifier(m, AcceptKey(vk))
	require.NoError(t, err)
	require.NoError(t, v.Verify(context.Background(), b))

	out := vectors{
		Comment:      vectorsComment,
		Manifest:     string(manifest),
		Election:     m.ID(),
		VerifyingKey: key,
		Bases:        map[string]pointHex{"F": baseF().Bytes(), "G_1": basesG(1)[0].Bytes(), "G_12": basesG(12)[11].Bytes()},
		Ballot:       ballot,
		Message:      wire.Hex32(credentialMessage(m.ID(), b.voter.keyBytes)),
		Sealed:       b.Sealed(),
		Digest:       b.Digest(),
		Tracker:      b.Tracker(),
	}
	p := m.draw(b)
	for i, l := range m.layouts {
		q := questionVector{Layout: l.digest, X: p.x[i].Bytes()}
		for _, weights := range [][]wire.Hex32{hexScalars(p.y[i].u), hexScalars(p.y[i].w), hexScalars(p.y[i].v)} {
			q.Y = append(q.Y, weights...)
		}
		out.Questions = append(out.Questions, q)
	}
	return out
}

func hexScalars(s []babyjub.Scalar) []wire.Hex32 {
	var out []wire.Hex32
	for i := range s {
		out = append(out, s[i].Bytes())
	}
	return out
}

func TestVectors(t *testing.T) {
	if *update {
		e := newElection(t, weighted(20000), func(d *Draft) {
			d.Questions = append(d.Questions, question("approve", Approval{}, "a", "b"))
			d.Questions[0].Text = &Document{"https://assembly.example.org/treaty.txt", [32]byte{1}}
		})
		c := e.credential(t)
		c.voter.weight = 3
		e.forge(t, c)
		v := vectorsOf(t, e.m.Bytes(), e.ballot(t, c, 1).Bytes(), e.key.VerifyingKey().Bytes())
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		require.NoError(t, encoder.Encode(v))
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(vectorsFile, out.Bytes(), 0o644))
	}
	raw, err := os.ReadFile(vectorsFile)
	require.NoError(t, err)
	var want vectors
	require.NoError(t, json.Unmarshal(raw, &want))
	require.Equal(t, want, vectorsOf(t, []byte(want.Manifest), want.Ballot, want.VerifyingKey))
}
