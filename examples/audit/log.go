package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

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

// log opens the published log of a box, which must be its own.
func (o *options) log(m *ballot.Manifest, number int) (*box.Log, error) {
	dir := tally.BoxLogDir(m, number)
	l, err := box.OpenLog(os.DirFS(filepath.Join(o.path, filepath.FromSlash(dir))), m)
	if err != nil {
		return nil, err
	}
	if got := l.Checkpoint().Box; got != number {
		return nil, fmt.Errorf("%w: %s holds the log of box %d", ballot.ErrInvalid, dir, got)
	}
	return l, nil
}

// unpublished tells what is wrong with a published log from a file that could not be read here.
func unpublished(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, ballot.ErrMalformed) || errors.Is(err, ballot.ErrInvalid) ||
		errors.Is(err, ballot.ErrUnknownElection) || errors.Is(err, fs.ErrInvalid) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP)
}

// find says where the ballot with a tracker stands. A ballot that is cast stands in as many logs as
// the manifest has copies, so fewer may be absent or broken for it not to be found.
func (o *options) find(ctx context.Context, out io.Writer) error {
	m, err := o.manifest(filepath.Join(o.path, tally.ManifestFile))
	if err != nil {
		return err
	}
	found, missing := false, 0
	for i, info := range m.Logs() {
		l, err := o.log(m, i+1)
		var numbers []uint64
		if err == nil {
			numbers, err = l.Find(ctx, o.tracker)
		}
		if errors.Is(err, box.ErrTracker) {
			return stage.Usagef("-tracker: %v", err)
		}
		if err != nil && !unpublished(err) {
			return err
		}
		if err != nil {
			missing++
			fmt.Fprintf(out, "audit: the log %s was not searched: %s\n", info.Origin, stage.Line(err))
			continue
		}
		for _, n := range numbers {
			found = true
			fmt.Fprintf(out, "audit: ballot number %d of %d in the log %s\n", n, l.Checkpoint().Size, info.Origin)
		}
	}
	switch {
	case found:
		return nil
	case missing >= m.Copies():
		return fmt.Errorf("the ballot was not found, and %d of %d logs could not be searched", missing, len(m.Logs()))
	}
	fmt.Fprintln(out, "audit: no published ballot has this tracker")
	return errInvalid
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
	l, err := o.log(m, r.Box())
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
		fmt.Fprintf(out, "audit: NO EVIDENCE: %s: %s\n", o.evidence, stage.Line(err))
		return errInvalid
	}
	fmt.Fprintf(out, "audit: PROVEN: %v\n", e)
	return nil
}
