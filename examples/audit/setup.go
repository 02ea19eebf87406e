package main

import (
	"context"
	"fmt"
	"os"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/ceremony"
	"github.com/scrutin/scrutin/proof/prover"
)

// checkSetUp replays the ceremony of the election's membership keys.
func (o *options) checkSetUp(ctx context.Context, m *ballot.Manifest, key *proof.VerifyingKey) error {
	relation := prover.Relation{Depth: m.Census().Depth, Weighted: m.Census().Weighted}
	var known [][32]byte
	if o.powers != "" {
		f, err := os.Open(o.powers)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		powers, err := ceremony.ReadPtau(f, info.Size(), relation, "the file of -powers")
		if err != nil {
			return err
		}
		known = append(known, powers.Digest())
	}
	t, err := ceremony.Check(ctx, os.DirFS(o.setup), m.Membership().Provenance, key, known...)
	switch {
	case err != nil:
		return err
	case t.Relation != relation:
		return fmt.Errorf("the ceremony was about %v, the census needs %v", t.Relation, relation)
	case t.ProvingKey != m.Membership().ProvingKey:
		return fmt.Errorf("the ceremony ended in the proving key %x, the manifest names %x", t.ProvingKey, m.Membership().ProvingKey)
	}
	return nil
}
