package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/poll"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/tally"
)

// The word of the bill that is changed, and what it becomes.
const (
	changed       = ballot.QuestionID("article-04")
	word, another = "shall", "may"
)

// tamper changes one word of one article in a copy of the record. The audit of the copy must
// fail in the check of the texts, and in no other: the votes are untouched.
func tamper(ctx context.Context, held *poll.Held, out io.Writer) error {
	dir, err := os.MkdirTemp("", "scrutin-bill-copy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(held.Record)); err != nil {
		return err
	}
	path := filepath.Join(dir, filepath.FromSlash(tally.TextFile(changed)))
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if bytes.Count(text, []byte(word)) != 1 {
		return fmt.Errorf("%s does not have the word %q once", path, word)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte(word), []byte(another), 1), 0o644); err != nil {
		return err
	}
	report, err := tally.Audit(ctx, os.DirFS(dir), held.Manifest.ID(), &tally.AuditOptions{AcceptKeys: []string{proof.OneParty}})
	if err != nil {
		return err
	}
	if failed := report.Failed(); !slices.Equal(failed, []tally.Check{tally.CheckTexts}) {
		return fmt.Errorf("with one word changed these checks fail: %v", failed)
	}
	fmt.Fprintf(out, "\nONE WORD CHANGED: in a copy of the record, %s says %q instead of %q\n", changed, another, word)
	var check *tally.CheckError
	if !errors.As(report.Err(), &check) {
		return report.Err()
	}
	poll.Say(out, "audit: INVALID: %s: %v", check.Check, check.Err)
	return nil
}
