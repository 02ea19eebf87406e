package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"os/exec"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prover"
	"github.com/scrutin/scrutin/proof/zkey"
)

const depth = 20

func membershipRows() []row {
	const whole, ceremony = "scrutin", "scrutin with the ceremony's key"
	const proveOther = "gnark groth16.Prove"
	const proveAlone, fullProve, generate = "snarkjs, prove alone", "snarkjs, witness and proof", "@semaphore-protocol/proof, generateProof"
	sides := []side{
		{name: whole, figures: elapsed, open: proveOwn},
		{name: ceremony, figures: elapsed, missing: noArtifacts, open: proveCeremony},
	}
	sides = append(sides, rapidsnarkSides()...)
	sides = append(sides, side{name: proveOther, figures: elapsed, open: proveGnark})
	sides = append(sides,
		nodeSide(proveAlone, "prove", "node_modules/snarkjs"),
		nodeSide(fullProve, "fullProve", "node_modules/snarkjs"),
		nodeSide(generate, "generateProof", "node_modules/@semaphore-protocol/proof"),
	)
	const alone, batch, gnark, verifyProof = "scrutin, alone", "scrutin, batch of 256", "gnark groth16.Verify", "@semaphore-protocol/proof, verifyProof"
	return []row{
		{
			name:     "membership",
			title:    "proving a membership, depth 20",
			allCores: true,
			shape: "Semaphore's relation, a path of 20 siblings, the same statement for all. Scrutin proves it with its own circuit, and for information with that of " +
				"the ceremony, which the peers have. Its time is the whole of Prove: witness, proof, and the check of the proof. rapidsnark and snarkjs have the key in memory; " +
				"\"prove alone\" is given the witness, too; go-rapidsnark calculates it by the ceremony's program under wazero. gnark has Scrutin's circuit and key, and does not check.",
			bench: "go test -run '^$' -bench 'Prove/depth=20/weighted=false' ./proof/prover",
			sides: sides,
			comparisons: []comparison{
				{ours: whole, peer: rapidsnarkAlone, atMost: 0.7},
				{ours: whole, peer: rapidsnarkWhole, atMost: 0.7},
				{ours: whole, peer: proveAlone, atMost: 0.12},
				{ours: whole, peer: fullProve, atMost: 0.12},
				{ours: whole, peer: generate},
				{ours: whole, peer: proveOther},
				{ours: ceremony, peer: rapidsnarkAlone},
				{ours: ceremony, peer: fullProve},
			},
		},
		{
			name:  "verify",
			title: "verifying a membership",
			shape: "One of Semaphore's relation; Scrutin and gnark have the same key and the same proof. Semaphore's package verifies a proof of its own.",
			bench: "go test -run '^$' -bench Verify ./proof/prover",
			sides: []side{
				{name: batch, figures: elapsed, open: verifyBatch},
				{name: alone, figures: elapsed, open: verifyAlone},
				{name: gnark, figures: elapsed, open: verifyGnark},
				nodeSide(verifyProof, "verifyProof", "node_modules/@semaphore-protocol/proof"),
			},
			comparisons: []comparison{
				{ours: batch, peer: gnark, atMost: 0.3},
				{ours: alone, peer: gnark},
				{ours: batch, peer: verifyProof},
			},
		},
	}
}

// key is the bytes of the voter's identity, so that every process has the same.
var key = []byte("the identity of a benchmark")

// statement is what every prover proves: a path of 20 siblings, with an index of ones and zeros.
func statement() (*proof.Identity, proof.Statement) {
	id := proof.IdentityFromKey(key)
	st := proof.Statement{
		Path:    census.Path{Commitment: id.Commitment(), Index: 0xa5c36 & (1<<depth - 1)},
		Scope:   proof.Scope{31: 5},
		Message: proof.Message{31: 6},
	}
	for i := range depth {
		sibling := proof.IdentityFromKey([]byte{byte(i)}).Commitment()
		st.Path.Siblings = append(st.Path.Siblings, census.Node(sibling))
	}
	return id, st
}

func noArtifacts(e *env) error {
	return e.installed("artifacts/semaphore-20.zkey", "artifacts/semaphore-20.wasm")
}

func proveOwn(e *env) (sampler, error) {
	k, _, err := prover.InsecureSetup(context.Background(), prover.Relation{Depth: depth})
	if err != nil {
		return nil, err
	}
	return e.proving(k)
}

func proveCeremony(e *env) (sampler, error) {
	digest, err := zkey.Digest(depth)
	if err != nil {
		return nil, err
	}
	k, err := zkey.Open(os.DirFS(e.artifact(".")), depth, digest)
	if err != nil {
		return nil, err
	}
	return e.proving(k)
}

func (e *env) proving(k proof.Prover) (sampler, error) {
	id, st := statement()
	return e.repeat(1, func() error {
		_, err := k.Prove(context.Background(), id, st)
		return err
	})
}

//go:embed semaphore.mjs
var semaphoreScript string

// nodeSide is a side that runs in node; work is its name in semaphore.mjs.
func nodeSide(name, work, module string) side {
	return side{
		name:    name,
		figures: elapsed,
		missing: func(e *env) error {
			if _, err := exec.LookPath("node"); err != nil {
				return fmt.Errorf("there is no node")
			}
			if err := e.installed(module); err != nil {
				return err
			}
			return noArtifacts(e)
		},
		program: func(e *env) (*exec.Cmd, error) {
			input, err := nodeInput(e, work)
			if err != nil {
				return nil, err
			}
			cmd := exec.Command("node", "--input-type=module", "--eval", semaphoreScript, input)
			cmd.Dir = e.peers
			return cmd, nil
		},
	}
}

// nodeInput is the statement in JSON: as the circuit takes it, and as Semaphore's package does.
func nodeInput(e *env, work string) (string, error) {
	id, st := statement()
	claim, err := st.Claim(id)
	if err != nil {
		return "", err
	}
	circuit, err := circuitInputs()
	if err != nil {
		return "", err
	}
	exported, err := id.Export()
	if err != nil {
		return "", err
	}
	samples := warmUps
	if !e.quick {
		samples = 5 // node compiles as it goes
	}
	b, err := json.Marshal(struct {
		Work     string         `json:"work"`
		Threads  int            `json:"threads"`
		WarmUps  int            `json:"warmUps"`
		Circuit  map[string]any `json:"circuit"`
		Identity string         `json:"identity"`
		Root     string         `json:"root"`
		Scope    string         `json:"scope"`
		Message  string         `json:"message"`
	}{work, e.threads, samples, circuit, exported, decimal(claim.Membership.Root[:]), decimal(st.Scope[:]), decimal(st.Message[:])})
	return string(b), err
}

// circuitInputs are the inputs of the ceremony's circuit, in decimals.
func circuitInputs() (map[string]any, error) {
	id, st := statement()
	claim, err := st.Claim(id)
	if err != nil {
		return nil, err
	}
	signals, err := claim.Inputs()
	if err != nil {
		return nil, err
	}
	var siblings []string
	for _, s := range st.Path.Siblings {
		siblings = append(siblings, decimal(s[:]))
	}
	secret := id.Bytes()
	return map[string]any{
		"secret":              decimal(secret[:]),
		"merkleProofLength":   fmt.Sprint(len(siblings)),
		"merkleProofIndex":    fmt.Sprint(st.Path.Index),
		"merkleProofSiblings": siblings,
		"message":             signals[2].String(),
		"scope":               signals[3].String(),
	}, nil
}

func decimal(b []byte) string { return new(big.Int).SetBytes(b).String() }
