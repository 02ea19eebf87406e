package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/ceremony"
	"github.com/scrutin/scrutin/proof/prover"
	"github.com/scrutin/scrutin/proof/zkey"
)

// Where the keys of the membership proofs come from.
const (
	oneParty    = "one-party"
	semaphore   = "semaphore"
	ownCeremony = "ceremony"
)

func (p *play) keysText() string {
	switch {
	case p.artifacts != "":
		return "the " + proof.Semaphore
	case p.setup != "":
		return "a set-up ceremony, which the registrar replayed"
	}
	return "a one-party set-up, for tests only"
}

// membershipKeys are what a registrar needs of the keys of an election.
type membershipKeys struct {
	verifying *proof.VerifyingKey
	depth     int // of the census
	info      ballot.MembershipInfo
}

// membershipKeys returns keys for a census of this depth at least. Semaphore's are public; others are published here.
func (d desk) membershipKeys(ctx context.Context, p *play, depth int) (*membershipKeys, error) {
	switch {
	case p.artifacts != "":
		key, err := proof.SemaphoreKey(depth)
		if err != nil {
			return nil, err
		}
		digest, err := zkey.Digest(depth)
		return &membershipKeys{key, depth, ballot.MembershipInfo{VerifyingKey: key.Digest(), ProvingKey: digest, Provenance: proof.Semaphore}}, err
	case p.setup != "":
		return d.ceremonyKeys(ctx, p.setup, depth)
	}
	provingKey, key, err := prover.InsecureSetup(ctx, prover.Relation{Depth: depth})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := provingKey.WriteTo(&b); err != nil {
		return nil, err
	}
	info := ballot.MembershipInfo{VerifyingKey: key.Digest(), ProvingKey: provingKey.Digest(), Provenance: proof.OneParty}
	return &membershipKeys{key, depth, info}, stage.Put(d.provingKey(), b.Bytes())
}

// ceremonyKeys replays a set-up ceremony before anybody votes on its keys.
func (d desk) ceremonyKeys(ctx context.Context, setup string, depth int) (*membershipKeys, error) {
	files := map[string][]byte{}
	for _, name := range []string{ceremony.TranscriptFile, ceremony.VerifyingKeyFile, ceremony.ProvingKeyFile} {
		b, err := stage.Read(filepath.Join(setup, name))
		if err != nil {
			return nil, err
		}
		files[name] = b
	}
	transcript, err := ceremony.ParseTranscript(files[ceremony.TranscriptFile])
	if err != nil {
		return nil, err
	}
	if r := transcript.Relation; r.Depth < depth || r.Weighted {
		return nil, fmt.Errorf("the ceremony in %s was about %v, this census needs %v", setup, r, prover.Relation{Depth: depth})
	}
	key, err := proof.ParseVerifyingKey(files[ceremony.VerifyingKeyFile])
	if err != nil {
		return nil, err
	}
	provenance, err := transcript.Provenance()
	if err != nil {
		return nil, err
	}
	if _, err := ceremony.Check(ctx, os.DirFS(setup), provenance, key); err != nil {
		return nil, err
	}
	info := ballot.MembershipInfo{VerifyingKey: transcript.VerifyingKey, ProvingKey: transcript.ProvingKey, Provenance: provenance}
	return &membershipKeys{key, transcript.Relation.Depth, info}, stage.Put(d.provingKey(), files[ceremony.ProvingKeyFile])
}

// prover returns what a voter proves with: Semaphore's artifacts, or the published proving key.
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

// acceptedKeys are the keys that the box accepts beside Semaphore's, which need no more than their names.
func (d desk) acceptedKeys(m *ballot.Manifest) ([]ballot.VerifierOption, error) {
	if m.Membership().Provenance == proof.Semaphore {
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
