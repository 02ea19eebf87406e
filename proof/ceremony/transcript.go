package ceremony

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof/prover"
)

const (
	transcriptFormat = "scrutin/setup/v1"
	originFormat     = "scrutin/powers/v1"

	// maxDocument bounds a document with MaxContributors contributions, in bytes.
	maxDocument = 1 << 20

	provenancePrefix = "set-up ceremony sha256:"
)

// Beacon is public randomness that nobody knew before its time: a round of drand, the hash of a block.
type Beacon struct {
	Source string // which it is, in one line: "drand quicknet, round 23456789"
	Value  []byte // 16 to 128 bytes
}

func (b *Beacon) check() error {
	if n := len(b.Value); n < 16 || n > 128 {
		return fmt.Errorf("%w: a beacon of %d bytes, 16 to 128 are wanted", ErrMalformed, n)
	}
	return checkName("the beacon's source", b.Source)
}

func (b *Beacon) equal(c *Beacon) bool { return b.Source == c.Source && bytes.Equal(b.Value, c.Value) }

func (o *Origin) equal(p *Origin) bool {
	return o.Source == p.Source && slices.Equal(o.Contributions, p.Contributions) && o.Beacon.equal(&p.Beacon)
}

// unused refuses a beacon that ended the first phase: everybody knew it before the second began.
func (o *Origin) unused(b *Beacon) error {
	if o.Source == "" && bytes.Equal(o.Beacon.Value, b.Value) {
		return fmt.Errorf("%w: the beacon of the first phase cannot end the second: take one of a later time", ErrInvalid)
	}
	return nil
}

// Transcript is a ceremony that has ended, in short. It names all files, so that its own digest
// stands for them.
type Transcript struct {
	Relation      prover.Relation
	Circuit       [sha256.Size]byte // digest of the relation's constraints
	Powers        [sha256.Size]byte // Powers.Digest
	Origin        Origin
	Start         [sha256.Size]byte // of StartFile
	Contributions []Contribution    // to the second phase
	Beacon        Beacon
	VerifyingKey  [sha256.Size]byte
	ProvingKey    [sha256.Size]byte
}

type beaconDocument struct {
	Source string   `json:"source"`
	Value  wire.Hex `json:"value"`
}

type contributionDocument struct {
	Digest wire.Hex32 `json:"digest"`
	Name   string     `json:"name"`
}

type originDocument struct {
	Beacon        *beaconDocument        `json:"beacon,omitempty"`
	Contributions []contributionDocument `json:"contributions,omitempty"`
	Format        string                 `json:"format"`
	Powers        wire.Hex32             `json:"powers"`
	Source        string                 `json:"source,omitempty"`
}

type transcriptDocument struct {
	Beacon        beaconDocument         `json:"beacon"`
	Circuit       wire.Hex32             `json:"circuit"`
	Contributions []contributionDocument `json:"contributions"`
	Depth         int                    `json:"depth"`
	Format        string                 `json:"format"`
	Powers        originDocument         `json:"powers"`
	ProvingKey    wire.Hex32             `json:"provingKey"`
	Start         wire.Hex32             `json:"start"`
	VerifyingKey  wire.Hex32             `json:"verifyingKey"`
	Weighted      bool                   `json:"weighted"`
}

func newContributionDocuments(list []Contribution) (out []contributionDocument) {
	for _, c := range list {
		out = append(out, contributionDocument{c.Digest, c.Name})
	}
	return out
}

// contributions reads who contributed to a phase.
func contributions(list []contributionDocument) (out []Contribution, err error) {
	if len(list) < MinContributors || len(list) > MaxContributors {
		return nil, fmt.Errorf("%w: %d contributions, %d to %d are wanted", ErrOrder, len(list), MinContributors, MaxContributors)
	}
	for i, c := range list {
		if err := checkName("contributor's name", c.Name); err != nil {
			return nil, err
		}
		for _, before := range list[:i] {
			if before.Name == c.Name {
				return nil, fmt.Errorf("%w: two contributions by %q", ErrOrder, c.Name)
			}
		}
		out = append(out, Contribution{c.Name, c.Digest})
	}
	return out, nil
}

func (b *beaconDocument) beacon() (Beacon, error) {
	out := Beacon{b.Source, b.Value}
	return out, out.check()
}

func newOriginDocument(o *Origin, powers [sha256.Size]byte) originDocument {
	doc := originDocument{Format: originFormat, Powers: powers, Source: o.Source, Contributions: newContributionDocuments(o.Contributions)}
	if o.Source == "" {
		doc.Beacon = &beaconDocument{o.Beacon.Source, o.Beacon.Value}
	}
	return doc
}

func (doc *originDocument) origin() (o Origin, err error) {
	if doc.Format != originFormat {
		return o, fmt.Errorf("%w: format %q, %q is wanted", ErrMalformed, doc.Format, originFormat)
	}
	if doc.Source != "" {
		if doc.Beacon != nil || len(doc.Contributions) > 0 {
			return o, fmt.Errorf("%w: powers both from a source and of one's own", ErrMalformed)
		}
		o.Source = doc.Source
		return o, checkName("source", o.Source)
	}
	if doc.Beacon == nil {
		return o, fmt.Errorf("%w: powers without a source or a beacon", ErrMalformed)
	}
	if o.Contributions, err = contributions(doc.Contributions); err != nil {
		return o, err
	}
	o.Beacon, err = doc.Beacon.beacon()
	return o, err
}

// OriginBytes returns the content of [OriginFile].
func (p *Powers) OriginBytes() ([]byte, error) {
	b, err := wire.MarshalCanonical(newOriginDocument(&p.origin, p.digest))
	if err != nil {
		return nil, fmt.Errorf("ceremony: %w", err)
	}
	return b, nil
}

func parseOrigin(b []byte) (*Origin, [sha256.Size]byte, error) {
	var doc originDocument
	if err := wire.UnmarshalCanonical(b, &doc); err != nil {
		return nil, doc.Powers, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	o, err := doc.origin()
	return &o, doc.Powers, err
}

// Bytes returns the content of [TranscriptFile], canonical JSON.
func (t *Transcript) Bytes() ([]byte, error) {
	b, err := wire.MarshalCanonical(transcriptDocument{
		Beacon:        beaconDocument{t.Beacon.Source, t.Beacon.Value},
		Circuit:       t.Circuit,
		Contributions: newContributionDocuments(t.Contributions),
		Depth:         t.Relation.Depth,
		Format:        transcriptFormat,
		Powers:        newOriginDocument(&t.Origin, t.Powers),
		ProvingKey:    t.ProvingKey,
		Start:         t.Start,
		VerifyingKey:  t.VerifyingKey,
		Weighted:      t.Relation.Weighted,
	})
	if err != nil {
		return nil, fmt.Errorf("ceremony: %w", err)
	}
	return b, nil
}

// ParseTranscript reads the content of [TranscriptFile]. It checks the form alone: see [Check].
func ParseTranscript(b []byte) (*Transcript, error) {
	if len(b) > maxDocument {
		return nil, fmt.Errorf("%w: a transcript of %d bytes, at most %d are possible", ErrMalformed, len(b), maxDocument)
	}
	var doc transcriptDocument
	if err := wire.UnmarshalCanonical(b, &doc); err != nil {
		return nil, fmt.Errorf("%w: transcript: %w", ErrMalformed, err)
	}
	if doc.Format != transcriptFormat {
		return nil, fmt.Errorf("%w: transcript: format %q, %q is wanted", ErrMalformed, doc.Format, transcriptFormat)
	}
	if doc.Depth < 1 || doc.Depth > prover.MaxDepth {
		return nil, fmt.Errorf("%w: transcript: depth %d is not in 1..%d", ErrMalformed, doc.Depth, prover.MaxDepth)
	}
	t := &Transcript{
		Relation:     prover.Relation{Depth: doc.Depth, Weighted: doc.Weighted},
		Circuit:      doc.Circuit,
		Powers:       doc.Powers.Powers,
		Start:        doc.Start,
		VerifyingKey: doc.VerifyingKey,
		ProvingKey:   doc.ProvingKey,
	}
	var err error
	if t.Origin, err = doc.Powers.origin(); err != nil {
		return nil, fmt.Errorf("transcript: powers: %w", err)
	}
	if t.Contributions, err = contributions(doc.Contributions); err != nil {
		return nil, fmt.Errorf("transcript: %w", err)
	}
	if t.Beacon, err = doc.Beacon.beacon(); err != nil {
		return nil, fmt.Errorf("transcript: %w", err)
	}
	if err := t.Origin.unused(&t.Beacon); err != nil {
		return nil, fmt.Errorf("transcript: %w", err)
	}
	return t, nil
}

// Provenance returns what a manifest states as the provenance of the keys: a line with the transcript's SHA-256.
func (t *Transcript) Provenance() (string, error) {
	b, err := t.Bytes()
	if err != nil {
		return "", err
	}
	return provenance(b), nil
}

func provenance(transcript []byte) string {
	digest := sha256.Sum256(transcript)
	return provenancePrefix + hex.EncodeToString(digest[:])
}

// IsProvenance reports whether a provenance names a set-up ceremony.
func IsProvenance(s string) bool {
	digits, ok := strings.CutPrefix(s, provenancePrefix)
	b, err := hex.DecodeString(digits)
	return ok && err == nil && len(b) == sha256.Size && digits == strings.ToLower(digits)
}
