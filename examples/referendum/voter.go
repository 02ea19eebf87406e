package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof"
)

func voterName(number int) string { return fmt.Sprintf("voter-%06d", number) }

// registrationContext names the roll and the voter's entry in it: a registration is good for
// that entry alone.
func registrationContext(who string) []byte { return []byte(origin + " " + who) }

// register is a voter's process before the election: it makes her identity, which stays
// with her, and hands in the public key with a proof that she knows the secret.
func register(_ context.Context, dir string, number int) error {
	d, who := desk(dir), voterName(number)
	identity := proof.NewIdentity()
	secret := identity.Bytes()
	if err := stage.PutSecret(d.private(who, "identity"), secret[:]); err != nil {
		return err
	}
	return stage.Put(d.mail("registration", who), identity.Register(registrationContext(who)))
}

// voter is what a voter's device knows when she votes.
type voter struct {
	d          desk
	name       string
	m          *ballot.Manifest
	identity   *proof.Identity
	path       census.Path
	prover     proof.Prover
	credential *ballot.Credential
}

// newVoter reads the public record and the voter's identity, and makes her credential.
func newVoter(ctx context.Context, d desk, number int) (*voter, error) {
	v := &voter{d: d, name: voterName(number)}
	secret, err := stage.Read(d.private(v.name, "identity"))
	if err != nil {
		return nil, err
	}
	if v.identity, err = proof.ParseIdentity(secret); err != nil {
		return nil, err
	}
	if v.m, err = d.manifest(); err != nil {
		return nil, err
	}
	v.path, err = census.ReadPath(os.DirFS(d.record("census")), uint64(number-1), v.identity.Commitment())
	if err != nil {
		return nil, err
	}
	if v.prover, err = d.prover(v.m); err != nil {
		return nil, err
	}
	v.credential, err = ballot.NewCredential(ctx, v.m, v.identity, v.path, v.prover)
	return v, err
}

// vote is a voter's process on the day: she casts, perhaps spoils a ballot first to check
// her device, and perhaps changes her mind.
func vote(ctx context.Context, dir string, number int) error {
	v, err := newVoter(ctx, desk(dir), number)
	if err != nil {
		return err
	}
	choice := randomChoice()
	if number%7 == 3 {
		if err := v.spoil(choice); err != nil {
			return err
		}
	}
	if err := v.cast(ctx, 0, choice); err != nil {
		return err
	}
	if number%5 == 0 {
		choice = randomChoice()
		if err := v.cast(ctx, 1, choice); err != nil {
			return err
		}
	}
	// For this demonstration alone: the vote in clear, to compare with the result.
	b, err := json.Marshal(choice)
	if err != nil {
		return err
	}
	return stage.Put(v.d.path("noted", v.name+".json"), b)
}

// cast encrypts a choice, casts it and checks the receipt.
func (v *voter) cast(ctx context.Context, sequence uint32, c choice) error {
	sealed, err := v.credential.Encrypt(c.votes())
	if err != nil {
		return err
	}
	b, err := sealed.Sign(sequence)
	if err != nil {
		return err
	}
	receipt, refusal, err := v.d.post(ctx, v.m, v.name+"-"+strconv.Itoa(int(sequence)), b.Bytes())
	switch {
	case err != nil:
		return err
	case refusal != nil:
		return fmt.Errorf("the box refused a good ballot: %s", refusal)
	}
	return receipt.Verify(v.m, b)
}

// spoil lets the device encrypt a ballot, commit to it, and open it instead of casting it.
func (v *voter) spoil(c choice) error {
	sealed, err := v.credential.Encrypt(c.votes())
	if err != nil {
		return err
	}
	committed := sealed.Digest() // the voter notes it before she decides to spoil
	opening, err := sealed.Spoil()
	if err != nil {
		return err
	}
	votes, err := opening.Verify(v.m, committed)
	if err != nil {
		return err
	}
	if !c.equals(votes) {
		return errors.New("the device did not encrypt what the voter chose")
	}
	return nil
}

func randomChoice() choice {
	var c choice
	c.Bylaw = []ballot.OptionID{"yes", "yes", "yes", "no", "no", ""}[rand.IntN(6)]
	projects := []ballot.OptionID{"library", "orchard", "pool", "workshop"}
	rand.Shuffle(len(projects), func(i, j int) { projects[i], projects[j] = projects[j], projects[i] })
	c.Projects = projects[:rand.IntN(3)]
	return c
}
