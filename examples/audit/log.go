package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/tally"
)

// manifest reads the manifest in a file, which must be that of the election that was named.
func (o *options) manifest(path string) (*ballot.Manifest, error) {
	raw, err := stage.Read(path)
	if err != nil {
		return nil, err
	}
	m, err := ballot.ParseManifest(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m.ID() != o.election {
		return nil, fmt.Errorf("%s: %w: it is that of %s", path, ballot.ErrUnknownElection, m.ID())
	}
	return m, nil
}

// log opens the published log of a box.
func (o *options) log(m *ballot.Manifest, number int) (*box.Log, error) {
	return box.OpenLog(os.DirFS(filepath.Join(o.path, filepath.FromSlash(tally.BoxLogDir(m, number)))), m)
}

// find says where the ballot with a tracker stands.
func (o *options) find(ctx context.Context, out io.Writer) error {
	m, err := o.manifest(filepath.Join(o.path, tally.ManifestFile))
	if err != nil {
		return err
	}
	found := false
	for i, info := range m.Logs() {
		l, err := o.log(m, i+1)
		if err != nil {
			return err
		}
		numbers, err := l.Find(ctx, o.tracker)
		if err != nil {
			return err
		}
		for _, n := range numbers {
			found = true
			fmt.Fprintf(out, "audit: ballot number %d of %d in the log %s\n", n, l.Checkpoint().Size, info.Origin)
		}
	}
	if !found {
		fmt.Fprintln(out, "audit: no published ballot has this tracker")
		return errInvalid
	}
	return nil
}

// checkReceipt says whether the published log honours a receipt, and writes the evidence if not.
func (o *options) checkReceipt(out io.Writer) error {
	m, err := o.manifest(filepath.Join(o.path, tally.ManifestFile))
	if err != nil {
		return err
	}
	encoded, err := stage.Read(o.receipt)
	if err != nil {
		return err
	}
	r, err := box.ParseReceipt(m, encoded)
	if err != nil {
		return fmt.Errorf("%s: %w", o.receipt, err)
	}
	raw, err := stage.Read(o.ballot)
	if err != nil {
		return err
	}
	b, err := ballot.ParseBallot(m, raw)
	if err != nil {
		return fmt.Errorf("%s: %w", o.ballot, err)
	}
	text, err := r.Text(m, b)
	if err != nil {
		return err
	}
	fmt.Fprint(out, text)
	l, err := o.log(m, r.Checkpoint.Box)
	if err != nil {
		return err
	}
	err = l.Honours(m, r, b)
	var evidence *box.Evidence
	if errors.As(err, &evidence) {
		path := o.receipt + ".evidence.json"
		if err := stage.Put(path, evidence.Bytes()); err != nil {
			return errors.Join(evidence, err)
		}
		fmt.Fprintf(out, "audit: NOT HONOURED: %v\naudit: the proof is in %s\n", evidence, path)
		return errInvalid
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "audit: the published log honours the receipt")
	return nil
}

// checkEvidence says whether a file proves that the operator has cheated.
func (o *options) checkEvidence(out io.Writer) error {
	m, err := o.manifest(o.path)
	if err != nil {
		return err
	}
	encoded, err := stage.Read(o.evidence)
	if err != nil {
		return err
	}
	e, err := box.ParseEvidence(m, encoded)
	if err == nil {
		err = e.Verify(m)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", o.evidence, err)
	}
	fmt.Fprintf(out, "audit: PROVEN: %v\n", e)
	return nil
}
