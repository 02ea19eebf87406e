package ceremony

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"slices"

	"github.com/scrutin/scrutin/proof"
)

// Check replays the ceremony in a directory for an auditor, and reports whether it is the one that a manifest's
// provenance names and whether it ends in this verifying key. All contributions are verified, those
// to a first phase of its own included.
//
// Powers from elsewhere prove nothing by themselves: who made them alone knows their secret. So they are
// accepted only if their [Powers.Digest] is in known, where the auditor puts what [ReadPtau] gave
// her from a file of a public ceremony that she trusts. An error of kind [ErrForeign] says so.
//
// The transcript says who contributed, what the relation is, and which proving key belongs to the verifying
// key: the caller compares them with the election's.
func Check(ctx context.Context, fsys fs.FS, provenance string, key *proof.VerifyingKey, known ...[sha256.Size]byte) (*Transcript, error) {
	raw, t, err := readTranscript(fsys, provenance)
	if err != nil {
		return nil, err
	}
	if digest := key.Digest(); digest != t.VerifyingKey {
		return nil, fmt.Errorf("%w: the ceremony ended in the verifying key %x, not in %x", ErrForeign, t.VerifyingKey, digest)
	}
	if t.Origin.Source != "" && !slices.Contains(known, t.Powers) {
		return nil, fmt.Errorf("%w: the powers are said to be from %q: take them from that file yourself, and give their digest if it is %x",
			ErrForeign, t.Origin.Source, t.Powers)
	}
	c, err := Open(ctx, fsys)
	if err != nil {
		return nil, err
	}
	return t, c.endsIn(ctx, t, raw)
}

// endsIn checks that the ceremony ends in a transcript, whose bytes are raw.
func (c *Ceremony) endsIn(ctx context.Context, t *Transcript, raw []byte) error {
	_, replayed, err := c.Finalize(ctx, t.Beacon)
	if err != nil {
		return err
	}
	again, err := replayed.Bytes()
	if err != nil {
		return err
	}
	if !bytes.Equal(raw, again) {
		return fmt.Errorf("%w: %w", ErrInvalid, t.differs(replayed))
	}
	return nil
}

func readTranscript(fsys fs.FS, want string) ([]byte, *Transcript, error) {
	if !IsProvenance(want) {
		return nil, nil, fmt.Errorf("%w: the provenance %q names no set-up ceremony", ErrForeign, want)
	}
	raw, err := read(fsys, TranscriptFile, maxDocument)
	if err != nil {
		return nil, nil, err
	}
	if got := provenance(raw); got != want {
		return nil, nil, fmt.Errorf("%w: %s is that of %q, the manifest names %q", ErrForeign, TranscriptFile, got, want)
	}
	t, err := ParseTranscript(raw)
	return raw, t, err
}

// differs says where a transcript is not what the files give.
func (t *Transcript) differs(files *Transcript) error {
	for i, c := range t.Contributions {
		if i >= len(files.Contributions) {
			return fmt.Errorf("%s, by %q, is missing", ContributionFile(i+1), c.Name)
		}
		if files.Contributions[i] != c {
			return fmt.Errorf("%s is not the file that %s names, by %q", ContributionFile(i+1), TranscriptFile, c.Name)
		}
	}
	switch n := len(t.Contributions); {
	case len(files.Contributions) > n:
		return fmt.Errorf("%s, by %q, came after the ceremony had ended", ContributionFile(n+1), files.Contributions[n].Name)
	case t.Relation != files.Relation || t.Circuit != files.Circuit:
		return fmt.Errorf("%s is about %v, the files about %v", TranscriptFile, t.Relation, files.Relation)
	case t.Start != files.Start || t.Powers != files.Powers || !t.Origin.equal(&files.Origin):
		return fmt.Errorf("%s names another start or other powers than the files have", TranscriptFile)
	}
	return fmt.Errorf("the ceremony ends in the keys %x and %x, %s names %x and %x",
		files.VerifyingKey, files.ProvingKey, TranscriptFile, t.VerifyingKey, t.ProvingKey)
}
