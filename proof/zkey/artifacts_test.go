package zkey

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prover"
)

// artifacts returns the directory of Semaphore's artifacts, or skips the test.
func artifacts(t testing.TB) fs.FS {
	t.Helper()
	dir := os.Getenv("SCRUTIN_SEMAPHORE_ARTIFACTS")
	if dir == "" {
		t.Skip("SCRUTIN_SEMAPHORE_ARTIFACTS names no directory; proof/zkey/download.sh makes one")
	}
	return os.DirFS(dir)
}

func open(t testing.TB, depth int) *Key {
	t.Helper()
	digest, err := Digest(depth)
	require.NoError(t, err)
	k, err := Open(artifacts(t), depth, digest)
	require.NoError(t, err)
	return k
}

// statement has a path of a length from 0 to 32, with an index of ones and zeros.
func statement(id *proof.Identity, length int) proof.Statement {
	st := proof.Statement{
		Path:    census.Path{Commitment: id.Commitment(), Index: 0x9c5a36e1 & (1<<length - 1)},
		Scope:   proof.Scope{0xff, 31: 1},
		Message: proof.Message{0xff, 31: 2},
	}
	for range length {
		st.Path.Siblings = append(st.Path.Siblings, census.Node(proof.NewIdentity().Commitment()))
	}
	return st
}

func TestProvesWithTheCeremonysKeys(t *testing.T) {
	for _, c := range []struct{ depth, length int }{{1, 0}, {1, 1}, {4, 3}, {10, 10}, {20, 7}, {20, 20}, {32, 32}} {
		k := open(t, c.depth)
		id := proof.NewIdentity()
		st := statement(id, c.length)
		m, err := k.Prove(t.Context(), id, st)
		require.NoError(t, err)
		claim := proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message}
		vk, err := proof.SemaphoreKey(c.depth)
		require.NoError(t, err)
		require.NoError(t, vk.Verify(&claim))
		require.Equal(t, vk.Digest(), k.VerifyingKey().Digest())
		claim.Membership.Nullifier[31] ^= 1
		require.ErrorIs(t, vk.Verify(&claim), proof.ErrInvalid)
	}
}

// The published program finds by itself what is not so.
func TestPublishedProgramRefusesWhatIsNoWitness(t *testing.T) {
	k := open(t, 1)
	id := proof.NewIdentity()
	st := statement(id, 1)
	claim, err := st.Claim(id)
	require.NoError(t, err)
	inputs, err := k.inputs(id, st, claim)
	require.NoError(t, err)
	n := len(k.points.a)
	wires, err := k.program.witness(t.Context(), inputs, n)
	require.NoError(t, err)
	signals, err := claim.Inputs()
	require.NoError(t, err)
	require.Equal(t, signals, wires[1:1+public])

	// s + q has the same public key and would have another nullifier.
	secret := &inputs[0].values[0]
	var q fr.Element
	_, err = q.SetString("2736030358979909402780800718157159386076813972158567259200215660948447373041")
	require.NoError(t, err)
	own := *secret
	for _, s := range []*fr.Element{secret.Add(&own, &q), &q} {
		*secret = *s
		_, err = k.program.witness(t.Context(), inputs, n)
		require.ErrorIs(t, err, proof.ErrInvalid)
	}

	*secret = own
	inputs[0].name = "secrets"
	_, err = k.program.witness(t.Context(), inputs, n)
	require.ErrorContains(t, err, "failed in setInputSignal")
}

func TestPublishedProgramStops(t *testing.T) {
	k := open(t, 32)
	id := proof.NewIdentity()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := k.Prove(ctx, id, statement(id, 32))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(start), time.Second)
}

// TestSnarkjsAccepts needs node, and snarkjs 0.7.6 among the modules of the artifacts' directory.
func TestSnarkjsAccepts(t *testing.T) {
	artifacts(t)
	const script = `const {groth16} = require("snarkjs"), {points, key, signals} = JSON.parse(require("fs").readFileSync(0));
const proof = {protocol: "groth16", curve: "bn128", pi_a: [points[0], points[1], "1"], pi_c: [points[6], points[7], "1"],
	pi_b: [[points[3], points[2]], [points[5], points[4]], ["1", "0"]]};
(async () => {
	const yes = await groth16.verify(key, signals, proof);
	signals[1] = (BigInt(signals[1]) + 1n).toString();
	const no = await groth16.verify(key, signals, proof);
	console.log(yes, no);
	process.exit(0);
})();`
	dir := os.Getenv("SCRUTIN_SEMAPHORE_ARTIFACTS")
	node := func(script string, input []byte) ([]byte, error) {
		cmd := exec.Command("node", "-e", script)
		cmd.Dir, cmd.Stdin = dir, bytes.NewReader(input)
		return cmd.CombinedOutput()
	}
	if out, err := node(`require("snarkjs")`+";process.exit(0)", nil); err != nil {
		t.Skipf("no snarkjs for node in %s (npm install --prefix %s snarkjs@0.7.6): %v %.200s", dir, dir, err, out)
	}
	for _, depth := range []int{4, 20} {
		k := open(t, depth)
		id := proof.NewIdentity()
		st := statement(id, depth)
		m, err := k.Prove(t.Context(), id, st)
		require.NoError(t, err)
		claim := proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message}
		b, err := json.Marshal(proof.SemaphoreProof{Depth: depth, Claim: claim})
		require.NoError(t, err)
		var input struct {
			Points  []string        `json:"points"`
			Key     json.RawMessage `json:"key"`
			Signals []string        `json:"signals"`
		}
		require.NoError(t, json.Unmarshal(b, &input))
		signals, err := claim.Inputs()
		require.NoError(t, err)
		for i := range signals {
			input.Signals = append(input.Signals, signals[i].String())
		}
		input.Key, err = fs.ReadFile(os.DirFS(dir), fmt.Sprintf("semaphore-%d.json", depth))
		require.NoError(t, err)
		b, err = json.Marshal(input)
		require.NoError(t, err)
		out, err := node(script, b)
		require.NoError(t, err, string(out))
		require.Equal(t, "true false\n", string(out))
	}
}

var (
	sinkKey        *Key
	sinkMembership *proof.Membership
)

func BenchmarkOpen(b *testing.B) {
	digest, err := Digest(20)
	require.NoError(b, err)
	files := artifacts(b)
	for b.Loop() {
		sinkKey, err = Open(files, 20, digest)
		require.NoError(b, err)
	}
}

// BenchmarkProve compares the ceremony's circuit with that of package prover, at depth 20.
func BenchmarkProve(b *testing.B) {
	theirs := open(b, 20)
	ours, _, err := prover.InsecureSetup(b.Context(), prover.Relation{Depth: 20})
	require.NoError(b, err)
	id := proof.NewIdentity()
	st := statement(id, 20)
	for _, c := range []struct {
		name string
		key  proof.Prover
	}{{"zkey", theirs}, {"prover", ours}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				sinkMembership, err = c.key.Prove(b.Context(), id, st)
				require.NoError(b, err)
			}
		})
	}
}
