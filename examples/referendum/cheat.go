package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
)

// cheat is the process of a member of the census who voted, and now tries what the rules
// forbid, with a client of her own where the library would not help. Every attempt must
// come back with a signed refusal of the expected kind.
func cheat(ctx context.Context, dir string, number int) error {
	v, err := newVoter(ctx, desk(dir), number)
	if err != nil {
		return err
	}
	attempts := []struct {
		name string
		make func(context.Context) ([]byte, error)
		want error
	}{
		{"a second ballot key for one nullifier", v.secondKey, ballot.ErrSequence},
		{"a copy of another voter's ballot", v.copied, ballot.ErrInvalid},
		{"a ballot of another election", v.otherElection, ballot.ErrUnknownElection},
		{"a gap in the sequence", v.gap, ballot.ErrSequence},
		{"an invented voter", v.invented, ballot.ErrInvalid},
	}
	for i, a := range attempts {
		raw, err := a.make(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		_, note, err := v.d.post(ctx, v.m, fmt.Sprintf("cheat-%d", i+1), raw)
		if err != nil {
			return err
		}
		if note == nil {
			return fmt.Errorf("%s was accepted", a.name)
		}
		refusal, err := box.VerifyRefusal(v.m, note)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		if !errors.Is(refusal, a.want) {
			return fmt.Errorf("%s was refused for another reason: %w", a.name, refusal)
		}
		say("%-38s refused: %s", a.name, refusal.Reason)
	}
	return nil
}

// secondKey makes an honest proof of membership over another ballot key.
func (v *voter) secondKey(ctx context.Context) ([]byte, error) {
	c, err := v.credentialOver(ctx, v.identity, v.path)
	if err != nil {
		return nil, err
	}
	return v.signed(c, 0)
}

// invented makes the same for an identity that is in no census but its own.
func (v *voter) invented(ctx context.Context) ([]byte, error) {
	nobody := proof.NewIdentity()
	tree, err := census.Build(ctx, v.m.Census().Depth, func(yield func(census.Member, error) bool) {
		yield(census.Member{Commitment: nobody.Commitment()}, nil)
	})
	if err != nil {
		return nil, err
	}
	path, err := tree.Path(0)
	if err != nil {
		return nil, err
	}
	c, err := v.credentialOver(ctx, nobody, path)
	if err != nil {
		return nil, err
	}
	return v.signed(c, 0)
}

// credentialOver makes a credential over a random ballot key, which ballot.NewCredential
// would derive from the identity. Its layout is that of docs/spec/ballot.md.
func (v *voter) credentialOver(ctx context.Context, identity *proof.Identity, path census.Path) (*ballot.Credential, error) {
	id := v.m.ID()
	var seed [64]byte
	rand.Read(seed[:])
	k := new(babyjub.Scalar).SetUniformBytes(seed[:])
	key := new(babyjub.Point).ScalarBaseMul(k).Bytes()
	membership, err := v.prover.Prove(ctx, identity, proof.Statement{
		Path:    path,
		Scope:   proof.Scope(id),
		Message: transcript.Digest("credential", id[:], key[:]),
	})
	if err != nil {
		return nil, err
	}
	secret := k.Bytes()
	var w wire.Writer
	w.Uint8(1)
	w.Raw(id[:])
	w.Raw(secret[:])
	w.Raw(membership.Nullifier[:])
	w.Uint64(0)
	w.Raw(membership.Proof[:])
	w.Uint64(0)
	w.Uint64(0)
	return ballot.ParseCredential(v.m, w.Bytes())
}

// copied puts the own credential on another voter's encrypted answers and signs the whole.
func (v *voter) copied(context.Context) ([]byte, error) {
	own, err := v.signed(v.credential, v.next())
	if err != nil {
		return nil, err
	}
	victims := stage.List(v.d.mail("ballots"), "voter-*-0.receipt")
	if victims[0] == v.d.mail("ballots", v.name+"-0.receipt") && len(victims) > 1 {
		victims = victims[1:]
	}
	victim, err := stage.Read(filepath.Join(filepath.Dir(victims[0]), nameOf(victims[0])+".ballot"))
	if err != nil {
		return nil, err
	}
	const head = 1 + 32 + 32 + 64 + 8 + 256 + 4 // version to sequence number
	body := append(bytes.Clone(own[:head]), victim[head:len(victim)-sigma.ProofSize]...)

	id := v.m.ID()
	wide := v.identity.Derive("ballot-key", id[:])
	k := new(babyjub.Scalar).SetUniformBytes(wide[:])
	t := transcript.New("ballot-signature")
	t.Absorb("election", id[:])
	t.Absorb("ballot", body)
	signature := sigma.Prove(t, k, new(babyjub.Point).ScalarBaseMul(k))
	encoded := signature.Bytes()
	return append(body, encoded[:]...), nil
}

func nameOf(path string) string {
	base := filepath.Base(path)
	return base[:len(base)-len(filepath.Ext(base))]
}

// otherElection casts a ballot of an election whose title differs in one word.
func (v *voter) otherElection(ctx context.Context) ([]byte, error) {
	raw := bytes.Replace(v.m.Bytes(), []byte("autumn"), []byte("spring"), 1)
	other, err := ballot.ParseManifest(raw)
	if err != nil {
		return nil, err
	}
	c, err := ballot.NewCredential(ctx, other, v.identity, v.path, v.prover)
	if err != nil {
		return nil, err
	}
	return v.signed(c, 0)
}

// gap leaves out a sequence number.
func (v *voter) gap(context.Context) ([]byte, error) { return v.signed(v.credential, v.next()+3) }

func (v *voter) signed(c *ballot.Credential, sequence uint32) ([]byte, error) {
	sealed, err := c.Encrypt(randomChoice().votes())
	if err != nil {
		return nil, err
	}
	b, err := sealed.Sign(sequence)
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// next is the sequence number of the voter's next good ballot.
func (v *voter) next() uint32 {
	return uint32(len(stage.List(v.d.mail("ballots"), v.name+"-*.receipt")))
}
