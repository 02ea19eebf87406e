package box

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/wire"
)

const (
	evidenceFormat = "scrutin/evidence/v1"

	// maxEvidenceBytes is more than two notes of the longest kind and three proofs take.
	maxEvidenceBytes = 1 << 20

	// maxExtensionHashes is how many hashes prove that a tree extends another, at most.
	maxExtensionHashes = maxProofHashes + 1
)

type evidenceDocument struct {
	Format  string          `json:"format"`
	Kind    EvidenceKind    `json:"kind"`
	First   string          `json:"first"`
	Second  string          `json:"second"`
	Root    *wire.Hex32     `json:"root,omitempty"`
	Proof   []wire.Hex32    `json:"proof,omitempty"`
	Index   *uint64         `json:"index,omitempty"`
	Entries []entryDocument `json:"entries,omitempty"`
}

type entryDocument struct {
	Leaf  wire.Hex32   `json:"leaf"`
	Proof []wire.Hex32 `json:"proof"`
}

// Bytes encodes the evidence as canonical JSON, for ParseEvidence: a small file to hand on.
func (e *Evidence) Bytes() []byte {
	doc := evidenceDocument{Format: evidenceFormat, Kind: e.Kind}
	if e.First != nil {
		doc.First = string(e.First.Note)
	}
	if e.Second != nil {
		doc.Second = string(e.Second.Note)
	}
	if e.Kind == Rewritten {
		root := wire.Hex32(e.root)
		doc.Root, doc.Proof = &root, encodeHashes(e.extension)
	}
	if len(e.entries) > 0 {
		doc.Index = &e.index
	}
	for _, p := range e.entries {
		doc.Entries = append(doc.Entries, entryDocument{wire.Hex32(p.leaf), encodeHashes(p.proof)})
	}
	b, err := wire.MarshalCanonical(doc)
	if err != nil {
		panic(err) // strings, digests and numbers always have a JSON
	}
	return b
}

// ParseEvidence reads a file that Evidence.Bytes made, and checks the signatures of the
// checkpoints in it under m. Verify says whether it proves anything.
func ParseEvidence(m *ballot.Manifest, encoded []byte) (*Evidence, error) {
	e, err := parseEvidence(m, encoded)
	if err != nil {
		return nil, fmt.Errorf("box: evidence: %w", err)
	}
	return e, nil
}

func parseEvidence(m *ballot.Manifest, encoded []byte) (*Evidence, error) {
	if len(encoded) > maxEvidenceBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d allowed", ballot.ErrMalformed, len(encoded), maxEvidenceBytes)
	}
	var doc evidenceDocument
	if err := wire.UnmarshalCanonical(encoded, &doc); err != nil {
		return nil, fmt.Errorf("%w: %v", ballot.ErrMalformed, err)
	}
	if doc.Format != evidenceFormat {
		return nil, fmt.Errorf("%w: format %.64q, %q wanted", ballot.ErrMalformed, doc.Format, evidenceFormat)
	}
	e := &Evidence{Kind: doc.Kind}
	var err error
	if e.First, err = readCheckpoint(m, []byte(doc.First)); err != nil {
		return nil, fmt.Errorf("first: %w", err)
	}
	if e.Second, err = readCheckpoint(m, []byte(doc.Second)); err != nil {
		return nil, fmt.Errorf("second: %w", err)
	}
	if (doc.Root != nil || doc.Proof != nil) != (e.Kind == Rewritten) || doc.Kind == Rewritten && (doc.Root == nil || doc.Proof == nil) {
		return nil, fmt.Errorf("%w: root and proof belong to the kind %q, and to no other", ballot.ErrMalformed, Rewritten)
	}
	if doc.Root != nil {
		e.root = tlog.Hash(*doc.Root)
		if e.extension, err = decodeHashes(doc.Proof, maxExtensionHashes); err != nil {
			return nil, err
		}
	}
	if (doc.Index != nil) != (len(doc.Entries) > 0) || len(doc.Entries) > 2 {
		return nil, fmt.Errorf("%w: an index and one or two entries belong together", ballot.ErrMalformed)
	}
	if doc.Index != nil {
		if e.index = *doc.Index; e.index >= maxLogSize {
			return nil, fmt.Errorf("%w: index %d, at most 2^48 - 1 allowed", ballot.ErrMalformed, e.index)
		}
	}
	for _, d := range doc.Entries {
		if d.Proof == nil {
			return nil, fmt.Errorf("%w: an entry without a proof", ballot.ErrMalformed)
		}
		p, err := decodeHashes(d.Proof, maxProofHashes)
		if err != nil {
			return nil, err
		}
		e.entries = append(e.entries, entryProof{tlog.Hash(d.Leaf), p})
	}
	return e, e.form()
}

func encodeHashes(hashes []tlog.Hash) []wire.Hex32 {
	out := make([]wire.Hex32, len(hashes))
	for i, h := range hashes {
		out[i] = wire.Hex32(h)
	}
	return out
}

func decodeHashes(hashes []wire.Hex32, most int) ([]tlog.Hash, error) {
	if len(hashes) > most {
		return nil, fmt.Errorf("%w: %d hashes, at most %d allowed", ballot.ErrMalformed, len(hashes), most)
	}
	out := make([]tlog.Hash, len(hashes))
	for i, h := range hashes {
		out[i] = tlog.Hash(h)
	}
	return out, nil
}
