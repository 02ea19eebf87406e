package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/tally"
)

func trusteeName(number int) string { return fmt.Sprintf("trustee-%02d", number) }

// openTrustee opens a trustee's encrypted file, or makes it.
func (d desk) openTrustee(number int) (*tally.Trustee, error) {
	who := trusteeName(number)
	passphrase, err := d.passphrase(who)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(d.private(who), 0o700); err != nil {
		return nil, err
	}
	return tally.OpenTrustee(d.private(who, "trustee.age"), passphrase)
}

// trustee is a trustee's process before the vote: she enrols, takes part in the key
// ceremony, and signs the election id. Killed at any point and started again, it goes on
// from its file and the messages.
func trustee(ctx context.Context, dir string, number int) error {
	d, who := desk(dir), trusteeName(number)
	t, err := d.openTrustee(number)
	if err != nil {
		return err
	}
	key := t.Key()
	if err := stage.Put(d.mail("enrolment", who), key[:]); err != nil {
		return err
	}
	c, err := d.ceremony(ctx)
	if err != nil {
		return err
	}
	read := map[string]bool{}
	for !c.Status().Done {
		if err := d.readMail(c, number, read); err != nil {
			return err
		}
		messages, err := t.Next(c)
		if err != nil {
			return err
		}
		for _, message := range messages {
			if err := d.send(number, message); err != nil {
				return err
			}
		}
		if err := stage.Pause(ctx); err != nil {
			return err
		}
	}
	raw, err := stage.Take(ctx, d.record("manifest.json"))
	if err != nil {
		return err
	}
	m, err := ballot.ParseManifest(raw)
	if err != nil {
		return err
	}
	signature, err := t.SignManifest(c, m)
	if err != nil {
		return err
	}
	b, err := ballot.MarshalSignatures([]ballot.Signature{signature})
	if err != nil {
		return err
	}
	return stage.Put(d.mail("signatures", who), b)
}

// ceremony waits for the roster and begins the ceremony.
func (d desk) ceremony(ctx context.Context) (*tally.Ceremony, error) {
	b, err := stage.Take(ctx, d.mail("roster.json"))
	if err != nil {
		return nil, err
	}
	var roster tally.Roster
	if err := json.Unmarshal(b, &roster); err != nil {
		return nil, err
	}
	return tally.NewCeremony(roster)
}

// readMail adds what was delivered to a party (a trustee's number, 0 the registrar).
func (d desk) readMail(c *tally.Ceremony, number int, read map[string]bool) error {
	for _, path := range stage.List(d.mail("ceremony", fmt.Sprintf("to-%d", number)), "*") {
		if read[path] {
			continue
		}
		b, err := stage.Read(path)
		if err != nil {
			return err
		}
		if err := c.Add(b); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		read[path] = true
	}
	return nil
}

// send puts a message of the ceremony into the mail, once.
func (d desk) send(number int, message []byte) error {
	sum := sha256.Sum256(message)
	path := d.mail("ceremony", fmt.Sprintf("from-%d", number), hex.EncodeToString(sum[:8])+".msg")
	if stage.Exists(path) {
		return nil
	}
	return stage.Put(path, message)
}
