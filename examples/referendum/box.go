package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/examples/internal/stage"
)

// keepBox is the operator's process: it answers every ballot in the mail with a receipt or
// a signed refusal, seals the log when the poll closes, and publishes it.
func keepBox(ctx context.Context, dir string, _ int) error {
	d := desk(dir)
	key, public, err := note.GenerateKey(nil, origin)
	if err != nil {
		return err
	}
	if err := stage.PutSecret(d.private("box", "log.key"), []byte(key)); err != nil {
		return err
	}
	if err := stage.Put(d.mail("log.key"), []byte(public)); err != nil {
		return err
	}
	if _, err := stage.Take(ctx, d.record("signatures.json")); err != nil {
		return err
	}
	m, err := d.manifest()
	if err != nil {
		return err
	}
	signatures, err := d.signatures()
	if err != nil {
		return err
	}
	accepted, err := d.acceptedKeys(m)
	if err != nil {
		return err
	}
	verifier, err := ballot.NewVerifier(m, accepted...)
	if err != nil {
		return err
	}
	clock := stage.NewClock(m.Closes())
	b, err := box.Open(d.private("box", "ballots"), m, box.Config{
		Verifier:   verifier,
		Key:        key,
		Signatures: signatures,
		Now:        clock.Now,
		Logger:     slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	defer b.Close()

	answered := map[string]bool{}
	for {
		closing := stage.Exists(d.mail("closing")) // ballots that came before it are still taken
		for _, path := range stage.List(d.mail("ballots"), "*.ballot") {
			if answered[path] {
				continue
			}
			if err := answer(ctx, b, path); err != nil {
				return err
			}
			answered[path] = true
		}
		if closing {
			break
		}
		if err := stage.Pause(ctx); err != nil {
			return err
		}
	}
	clock.PutForward()
	if _, err := b.Seal(ctx); err != nil {
		return err
	}
	return b.Export(d.record("log"))
}

// answer casts one ballot and puts the answer beside it.
func answer(ctx context.Context, b *box.Box, path string) error {
	raw, err := stage.Read(path)
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(path, ".ballot")
	receipt, err := b.Cast(ctx, raw)
	var refusal *box.Refusal
	switch {
	case errors.As(err, &refusal):
		return stage.Put(name+".refusal", refusal.Note)
	case err != nil:
		return err
	}
	return stage.Put(name+".receipt", receipt.Bytes())
}

// post puts a ballot into the mail and waits for the box's answer.
func (d desk) post(ctx context.Context, m *ballot.Manifest, name string, raw []byte) (receipt *box.Receipt, refusal []byte, err error) {
	path := d.mail("ballots", name)
	if err := stage.Put(path+".ballot", raw); err != nil {
		return nil, nil, err
	}
	for {
		if b, err := stage.Read(path + ".receipt"); err == nil {
			receipt, err := box.ParseReceipt(m, b)
			return receipt, nil, err
		}
		if b, err := stage.Read(path + ".refusal"); err == nil {
			return nil, b, nil
		}
		if err := stage.Pause(ctx); err != nil {
			return nil, nil, err
		}
	}
}
