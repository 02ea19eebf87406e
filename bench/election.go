package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/note"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prooftest"
)

// election is an election and its voters. Memberships are proved with a trapdoor: what a verifier does is the same, and
// thousands are made in a second.
type election struct {
	manifest *ballot.Manifest
	voters   []*proof.Identity
	census   *census.Tree
	key      *prooftest.Key
}

func newElection(voters int, questions []ballot.Question) (*election, error) {
	el := &election{key: prooftest.NewKey(false), voters: make([]*proof.Identity, voters)}
	for i := range el.voters {
		el.voters[i] = proof.NewIdentity()
	}
	var err error
	if el.census, err = census.Build(context.Background(), 17, el.members()); err != nil {
		return nil, err
	}
	_, logKey, err := note.GenerateKey(rand.Reader, "log.example.org/box")
	if err != nil {
		return nil, err
	}
	el.manifest, err = ballot.NewManifest(ballot.Draft{
		Title:     ballot.Text{"en": "Benchmark"},
		Questions: questions,
		Census:    ballot.CensusOf(el.census),
		PublicKey: randomKey(),
		Ceremony:  sha256.Sum256([]byte("ceremony")),
		Trustees:  []ballot.Trustee{{Name: "Ann", Key: randomKey()}, {Name: "Bob", Key: randomKey()}, {Name: "Eve", Key: randomKey()}},
		Threshold: 2,
		Membership: ballot.MembershipInfo{
			VerifyingKey: el.key.VerifyingKey().Digest(),
			ProvingKey:   sha256.Sum256([]byte("no proving key")),
			Provenance:   proof.OneParty,
		},
		Opens:  1_900_000_000,
		Closes: 1_900_086_400,
		Revote: ballot.Revote{Rule: ballot.RevoteNone},
		Log:    ballot.LogInfo{Origin: "log.example.org/box", Key: logKey},
	})
	return el, err
}

func (el *election) members() iter.Seq2[census.Member, error] {
	return func(yield func(census.Member, error) bool) {
		for _, id := range el.voters {
			if !yield(census.Member{Commitment: id.Commitment()}, nil) {
				return
			}
		}
	}
}

func randomKey() [64]byte {
	s := randomScalar()
	return new(babyjub.Point).ScalarBaseMul(&s).Bytes()
}

func (el *election) credential(voter int) (*ballot.Credential, error) {
	path, err := el.census.Path(uint64(voter))
	if err != nil {
		return nil, err
	}
	return ballot.NewCredential(context.Background(), el.manifest, el.voters[voter], path, el.key)
}

// cast is from the votes to the bytes of a ballot.
func cast(c *ballot.Credential, votes map[ballot.QuestionID]ballot.Vote) ([]byte, error) {
	sealed, err := c.Encrypt(votes)
	if err != nil {
		return nil, err
	}
	b, err := sealed.Sign(0)
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// verifier knows no credential yet.
func (el *election) verifier() (*ballot.Verifier, error) {
	return ballot.NewVerifier(el.manifest, ballot.AcceptKey(el.key.VerifyingKey()))
}

// parse reads ballots from their bytes, on all threads.
func (el *election) parse(e *env, raw [][]byte) ([]*ballot.Ballot, error) {
	ballots := make([]*ballot.Ballot, len(raw))
	return ballots, e.parallel(func(thread int) error {
		for i := thread; i < len(raw); i += e.threads {
			var err error
			if ballots[i], err = ballot.ParseBallot(el.manifest, raw[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// options makes n options and their ids.
func options(n int) ([]ballot.Option, []ballot.OptionID) {
	var list []ballot.Option
	var ids []ballot.OptionID
	for i := range n {
		id := ballot.OptionID(fmt.Sprintf("o%d", i))
		list = append(list, ballot.Option{ID: id, Title: ballot.Text{"en": string(id)}})
		ids = append(ids, id)
	}
	return list, ids
}
