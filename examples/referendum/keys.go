package main

import (
	"bytes"
	"context"
	"os"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prover"
	"github.com/scrutin/scrutin/proof/zkey"
)

// Where the keys of the membership proofs come from.
const (
	oneParty  = "one-party"
	semaphore = "semaphore"
)

func (p *play) keysText() string {
	if p.artifacts != "" {
		return "the " + proof.Semaphore
	}
	return "a one-party set-up, for tests only"
}

// membershipKeys returns the verifying key for a depth, and what the manifest says of it and the proving key.
// Those of the ceremony are public; those of a set-up of the registrar's own are published here.
func (d desk) membershipKeys(ctx context.Context, p *play, depth int) (*proof.VerifyingKey, ballot.MembershipInfo, error) {
	var info ballot.MembershipInfo
	if p.artifacts != "" {
		key, err := proof.SemaphoreKey(depth)
		if err != nil {
			return nil, info, err
		}
		digest, err := zkey.Digest(depth)
		return key, ballot.MembershipInfo{VerifyingKey: key.Digest(), ProvingKey: digest, Provenance: proof.Semaphore}, err
	}
	provingKey, key, err := prover.InsecureSetup(ctx, prover.Relation{Depth: depth})
	if err != nil {
		return nil, info, err
	}
	var b bytes.Buffer
	if _, err := provingKey.WriteTo(&b); err != nil {
		return nil, info, err
	}
	info = ballot.MembershipInfo{VerifyingKey: key.Digest(), ProvingKey: provingKey.Digest(), Provenance: proof.OneParty}
	return key, info, stage.Put(d.provingKey(), b.Bytes())
}

// prover returns what a voter proves with: the ceremony's artifacts, or the registrar's proving key.
func (d desk) prover(m *ballot.Manifest) (proof.Prover, error) {
	info := m.Membership()
	if depth, ok := proof.SemaphoreDepth(info.VerifyingKey); ok {
		p, err := d.readPlay()
		if err != nil {
			return nil, err
		}
		return zkey.Open(os.DirFS(p.artifacts), depth, info.ProvingKey)
	}
	f, err := os.Open(d.provingKey())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return prover.ReadProvingKey(f, info.ProvingKey)
}

// acceptedKeys are the keys that the box accepts beside those of the ceremony, which need no more than their names.
func (d desk) acceptedKeys(m *ballot.Manifest) ([]ballot.VerifierOption, error) {
	if m.Membership().Provenance != proof.OneParty {
		return nil, nil
	}
	b, err := stage.Read(d.record("verifying.key"))
	if err != nil {
		return nil, err
	}
	key, err := proof.ParseVerifyingKey(b)
	if err != nil {
		return nil, err
	}
	return []ballot.VerifierOption{ballot.AcceptKey(key)}, nil
}
