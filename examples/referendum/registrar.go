package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"iter"
	"math/bits"
	"time"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/tally"
)

const origin = "city.example/referendum"

// registrar is the organiser's process: census, membership keys, roster of the trustees,
// the ceremony's transcript, and the manifest.
func registrar(ctx context.Context, dir string, _ int) error {
	d := desk(dir)
	p, err := d.readPlay()
	if err != nil {
		return err
	}

	smallest := max(1, bits.Len(uint(p.voters-1))) // tree that holds all voters
	keys, err := d.membershipKeys(ctx, p, smallest)
	if err != nil {
		return err
	}
	record, err := tally.OpenRecord(d.record())
	if err != nil {
		return err
	}
	if err := record.WriteVerifyingKey(keys.verifying); err != nil {
		return err
	}
	tree, err := census.Build(ctx, keys.depth, d.registrations(p.voters))
	if err != nil {
		return err
	}
	if err := record.WriteCensus(tree); err != nil {
		return err
	}

	c, err := d.runCeremony(ctx, p)
	if err != nil {
		return err
	}
	if err := record.WriteCeremony(c); err != nil {
		return err
	}
	logKey, err := stage.Take(ctx, d.mail("log.key"))
	if err != nil {
		return err
	}
	now := time.Now()
	draft := ballot.Draft{
		Title:      title,
		Questions:  questions(),
		Census:     ballot.CensusOf(tree),
		Membership: keys.info,
		Opens:      now.Unix(),
		Closes:     now.Add(24 * time.Hour).Unix(),
		Revote:     ballot.Revote{Rule: ballot.RevoteLast, Limit: 9},
		Log:        ballot.LogInfo{Origin: origin, Key: string(logKey)},
	}
	if err := c.FillDraft(&draft); err != nil {
		return err
	}
	m, err := ballot.NewManifest(draft)
	if err != nil {
		return err
	}
	if err := record.WriteManifest(m); err != nil {
		return err
	}
	signatures, err := d.collectSignatures(ctx, p.trustees)
	if err != nil {
		return err
	}
	if err := m.CheckSignatures(signatures); err != nil {
		return err
	}
	return record.WriteSignatures(signatures)
}

// registrations iterates over the commitments of the voters, each with a proof that she knows
// the secret: a bare "commitment" could stand for many (docs/spec/membership.md, section 1).
func (d desk) registrations(voters int) iter.Seq2[census.Member, error] {
	return func(yield func(census.Member, error) bool) {
		for number := 1; number <= voters; number++ {
			who := voterName(number)
			b, err := stage.Read(d.mail("registration", who))
			var member census.Member
			if err == nil {
				member.Commitment, err = proof.CheckRegistration(b, registrationContext(who))
			}
			if !yield(member, err) || err != nil {
				return
			}
		}
	}
}

// runCeremony enrols the trustees and follows their ceremony to its end.
func (d desk) runCeremony(ctx context.Context, p *play) (*tally.Ceremony, error) {
	passphrase, err := d.passphrase("registrar")
	if err != nil {
		return nil, err
	}
	organiser, err := tally.OpenOrganiser(d.private("registrar", "organiser.age"), passphrase)
	if err != nil {
		return nil, err
	}
	roster := tally.Roster{
		Context:   title["en"] + " " + rand.Text(),
		Threshold: p.threshold,
		Organiser: organiser.Key(),
	}
	for j := 1; j <= p.trustees; j++ {
		key, err := stage.Take(ctx, d.mail("enrolment", trusteeName(j)))
		if err != nil {
			return nil, err
		}
		if len(key) != 64 {
			return nil, fmt.Errorf("%s: a key of %d bytes", trusteeName(j), len(key))
		}
		roster.Trustees = append(roster.Trustees, ballot.Trustee{Name: trusteeName(j), Key: [64]byte(key)})
	}
	b, err := json.Marshal(roster)
	if err != nil {
		return nil, err
	}
	if err := stage.Put(d.mail("roster.json"), b); err != nil {
		return nil, err
	}
	c, err := tally.NewCeremony(roster)
	if err != nil {
		return nil, err
	}
	read := map[string]bool{}
	for !c.Status().Done {
		if err := d.readMail(c, 0, read); err != nil {
			return nil, err
		}
		if err := stage.Pause(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// collectSignatures waits for the trustees' signatures of the election id.
func (d desk) collectSignatures(ctx context.Context, trustees int) ([]ballot.Signature, error) {
	var signatures []ballot.Signature
	for j := 1; j <= trustees; j++ {
		b, err := stage.Take(ctx, d.mail("signatures", trusteeName(j)))
		if err != nil {
			return nil, err
		}
		one, err := ballot.ParseSignatures(b)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, one...)
	}
	return signatures, nil
}
