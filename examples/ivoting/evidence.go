package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/tally"
)

// finding is what the voters' devices find about one box.
type finding struct {
	honoured, unknown, broken int           // receipts
	evidence                  *box.Evidence // the first one
}

// checkReceipts asks the published logs about every receipt. Of each ballot's one at least must
// be honoured, and the box that lied must be convicted, no other.
func (s *scene) checkReceipts(context.Context) error {
	m := s.hall.Manifest
	logs := make([]*box.Log, len(s.operators))
	for i := range logs {
		var err error
		logs[i], err = box.OpenLog(os.DirFS(filepath.Join(s.hall.Record, filepath.FromSlash(tally.BoxLogDir(m, i+1)))), m)
		if err != nil {
			return err
		}
	}
	findings := make([]finding, len(s.operators))
	ballots := 0
	for _, v := range s.voters {
		for _, c := range v.cast {
			ballots++
			safe := false
			for _, r := range c.receipts {
				i := r.Box() - 1
				err := logs[i].Honours(m, r, c.ballot)
				if err := findings[i].add(err); err != nil {
					return err
				}
				safe = safe || err == nil
			}
			if !safe {
				return fmt.Errorf("no published log honours a receipt of the ballot %s", c.ballot.Tracker())
			}
		}
	}
	if err := s.writeFindings(findings); err != nil {
		return err
	}
	s.say("%d ballots were cast, and for each of them one receipt at least is honoured", ballots)
	for i, f := range findings {
		switch o := s.operators[i]; {
		case (f.evidence != nil) != (o == s.liar()):
			return fmt.Errorf("%v: %d receipts are broken", o, f.broken)
		case f.evidence != nil:
			if err := s.convict(o, f.evidence); err != nil {
				return err
			}
		}
	}
	return nil
}

// add notes what Log.Honours said. It returns an error that is about no receipt.
func (f *finding) add(err error) error {
	var e *box.Evidence
	switch {
	case err == nil:
		f.honoured++
	case errors.As(err, &e):
		f.broken++
		if f.evidence == nil {
			f.evidence = e
		}
	case errors.Is(err, box.ErrBehind):
		f.unknown++ // the log is not sealed: it might have gone on
	default:
		return err
	}
	return nil
}

func (s *scene) writeFindings(findings []finding) error {
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  receipts of\thonoured\tnothing proven\tBROKEN")
	for i, f := range findings {
		fmt.Fprintf(table, "  %v\t%8d\t%14d\t%6d\n", s.operators[i], f.honoured, f.unknown, f.broken)
	}
	return table.Flush()
}

// convict hands the evidence on as a file, and does with it what any stranger can do.
func (s *scene) convict(o *operator, evidence *box.Evidence) error {
	path := filepath.Join(s.dir, "evidence", o.name+".json")
	if err := stage.Put(path, evidence.Bytes()); err != nil {
		return err
	}
	manifest := filepath.Join(s.hall.Record, tally.ManifestFile)
	proven, err := checkEvidence(s.hall.Manifest.ID(), manifest, path)
	if err != nil {
		return err
	}
	if proven.First.Box != o.number {
		return fmt.Errorf("%s convicts box %d instead of %v", path, proven.First.Box, o)
	}
	s.say("%v LIED: it gave receipts for %d ballots and left %d of them out, which moves those that came after them",
		o, o.shown.Checkpoint().Size, o.shown.Checkpoint().Size-o.box.Checkpoint().Size)
	s.say("proven: %v", proven)
	s.say("anybody who has the manifest checks the evidence with")
	_, err = fmt.Fprintf(s.out, "\n    go run ./examples/audit -election %s -evidence %s %s\n", s.hall.Manifest.ID(), path, manifest)
	return err
}

// checkEvidence needs nothing but the election id, the manifest and the evidence.
func checkEvidence(id ballot.ElectionID, manifest, evidence string) (*box.Evidence, error) {
	raw, err := stage.Read(manifest)
	if err != nil {
		return nil, err
	}
	m, err := ballot.ParseManifest(raw)
	if err != nil {
		return nil, err
	}
	if m.ID() != id {
		return nil, fmt.Errorf("%s is the manifest of %s", manifest, m.ID())
	}
	if raw, err = stage.Read(evidence); err != nil {
		return nil, err
	}
	e, err := box.ParseEvidence(m, raw)
	if err != nil {
		return nil, err
	}
	return e, e.Verify(m)
}
