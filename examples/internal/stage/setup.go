package stage

import (
	"context"
	"fmt"
	"os"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/ceremony"
	"github.com/scrutin/scrutin/proof/prover"
)

// CheckSetUp returns what an audit asks about the membership keys of an election: whether the ceremony whose files
// are in a directory replays and ends in them. Powers is the .ptau file that it began with, "" if its
// contributors made powers of their own.
func CheckSetUp(dir, powers string) func(ctx context.Context, m *ballot.Manifest, key *proof.VerifyingKey) error {
	return func(ctx context.Context, m *ballot.Manifest, key *proof.VerifyingKey) error {
		relation := prover.Relation{Depth: m.Census().Depth, Weighted: m.Census().Weighted}
		var known [][32]byte
		if powers != "" {
			digest, err := powersDigest(powers, relation)
			if err != nil {
				return err
			}
			known = append(known, digest)
		}
		t, err := ceremony.Check(ctx, os.DirFS(dir), m.Membership().Provenance, key, known...)
		if err != nil {
			return err
		}
		return agrees(t, relation, m.Membership().ProvingKey)
	}
}

// agrees checks what a ceremony was about, beyond the verifying key that it ended in.
func agrees(t *ceremony.Transcript, relation prover.Relation, provingKey [32]byte) error {
	switch {
	case t.Relation != relation:
		return fmt.Errorf("the ceremony was about %v, the census needs %v", t.Relation, relation)
	case t.ProvingKey != provingKey:
		return fmt.Errorf("the ceremony ended in the proving key %x, the manifest names %x", t.ProvingKey, provingKey)
	}
	return nil
}

func powersDigest(path string, r prover.Relation) (digest [32]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return digest, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return digest, err
	}
	p, err := ceremony.ReadPtau(f, info.Size(), r, "the file of -powers")
	if err != nil {
		return digest, err
	}
	return p.Digest(), nil
}
