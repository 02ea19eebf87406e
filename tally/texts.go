package tally

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/scrutin/scrutin/ballot"
)

// maxText is the longest text that a record holds. An auditor gets a longer one from its URI.
const maxText = 64 << 20

// TextFile returns the path of the text that a question is about, "texts/treaty". An id is a
// safe name of a file: it has small letters, digits and hyphens alone.
func TextFile(question ballot.QuestionID) string { return path.Join(TextsDir, string(question)) }

// checkTexts compares the texts that the questions are about with the manifest's digests. A
// record may lack them: the auditor has to get those elsewhere. A text that is not the manifest's
// says nothing about the ballots, so trustees endorse a record that has one.
func (a *auditor) checkTexts(ctx context.Context) error {
	var faults faults
	var missing []string
	bound := map[string]bool{}
	for _, q := range a.manifest.Questions() {
		if q.Text == nil {
			continue
		}
		bound[string(q.ID)] = true
		got, err := a.files.digest(ctx, TextFile(q.ID), maxText)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, fmt.Sprintf("%s (%s, SHA-256 %x)", TextFile(q.ID), q.Text.URI, q.Text.SHA256))
		case err != nil:
			faults = append(faults, err)
		case got != q.Text.SHA256: //check:texts/digest
			faults = append(faults, fmt.Errorf("%w: %s is not the text that was voted on: its SHA-256 is %x, the manifest names %x", ErrInvalid, TextFile(q.ID), got, q.Text.SHA256))
		}
	}
	names, _, err := a.files.list(TextsDir)
	if err != nil {
		faults = append(faults, err)
	}
	for _, n := range names {
		if !bound[n] && !strings.HasPrefix(n, temporary) { //check:texts/extra
			faults = append(faults, fmt.Errorf("%w: %q is of no question that is about a text", ErrInvalid, path.Join(TextsDir, strings.TrimSuffix(n, "/"))))
		}
	}
	switch {
	case len(faults) > 0:
		return faults
	case len(missing) > 0:
		return fmt.Errorf("%w: the record does not hold %s", errIncomplete, strings.Join(missing, ", "))
	}
	return nil
}

// digest returns the SHA-256 of a file of at most limit bytes, which it does not keep in memory.
// A missing or longer file gives an error of kind ErrInvalid.
func (r *recordFS) digest(ctx context.Context, name string, limit int64) (digest [32]byte, err error) {
	f, err := r.Open(name)
	if err != nil {
		return digest, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, &cancellable{ctx, io.LimitReader(f, limit+1)})
	if err != nil {
		return digest, fmt.Errorf("%w: %s: %w", ErrInvalid, name, err)
	}
	if n > limit {
		return digest, fmt.Errorf("%w: %s has more than %d bytes", ErrInvalid, name, limit)
	}
	h.Sum(digest[:0])
	return digest, nil
}

// cancellable is a reader that ends with its context.
type cancellable struct {
	ctx   context.Context
	under io.Reader
}

func (c *cancellable) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.under.Read(b)
}
