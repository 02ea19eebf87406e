package tally

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
)

// The files of a record, as slash-separated paths below its directory. docs/spec/record.md.
const (
	ManifestFile     = "manifest.json"
	SignaturesFile   = "signatures.json"
	CeremonyFile     = "ceremony.json"
	VerifyingKeyFile = "verifying.key"
	CensusDir        = "census" // census.Tree.Export
	LogDir           = "log"    // box.Box.Export
	SharesDir        = "shares"
	TextsDir         = "texts"
	ResultFile       = "result.json"
)

// temporary begins the names of files that are being written. They are no part of a record.
const temporary = ".new"

// EndorsementFile returns the path of a trustee's endorsement, "shares/endorsement-07.json".
func EndorsementFile(trustee int) string {
	return path.Join(SharesDir, fmt.Sprintf("endorsement-%02d.json", trustee))
}

// ShareFile returns the path of a trustee's share, "shares/share-07.json".
func ShareFile(trustee int) string {
	return path.Join(SharesDir, fmt.Sprintf("share-%02d.json", trustee))
}

// Record is the directory of a record that is being written. Each file appears whole or not at
// all. What is there already is replaced: keep copies of the record of a sealed poll, or put it
// on write-once storage. Nothing else may be in the directory, not even a .git.
type Record struct{ dir string }

// OpenRecord returns the record at dir, and makes the directory if there is none.
func OpenRecord(dir string) (*Record, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("tally: record: %w", err)
	}
	return &Record{dir}, nil
}

// FS returns the record as Audit reads it.
func (r *Record) FS() fs.FS { return os.DirFS(r.dir) }

// Path returns the operating system's path of a file of the record, such as LogDir, where
// box.Box.Export writes.
func (r *Record) Path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

// WriteManifest writes manifest.json.
func (r *Record) WriteManifest(m *ballot.Manifest) error { return r.write(ManifestFile, m.Bytes()) }

// WriteSignatures writes signatures.json.
func (r *Record) WriteSignatures(signatures []ballot.Signature) error {
	b, err := ballot.MarshalSignatures(signatures)
	if err != nil {
		return fmt.Errorf("tally: record: %s: %w", SignaturesFile, err)
	}
	return r.write(SignaturesFile, b)
}

// WriteCeremony writes ceremony.json.
func (r *Record) WriteCeremony(c *Ceremony) error { return r.write(CeremonyFile, c.Transcript()) }

// WriteVerifyingKey writes verifying.key.
func (r *Record) WriteVerifyingKey(key *proof.VerifyingKey) error {
	return r.write(VerifyingKeyFile, key.Bytes())
}

// WriteCensus writes census/.
func (r *Record) WriteCensus(tree *census.Tree) error { return tree.Export(r.Path(CensusDir)) }

// WriteEndorsement writes a trustee's endorsement.
func (r *Record) WriteEndorsement(e *Endorsement) error {
	return r.write(EndorsementFile(e.Trustee), e.Bytes())
}

// WriteShare writes a trustee's share.
func (r *Record) WriteShare(s *Share) error { return r.write(ShareFile(s.Trustee), s.Bytes()) }

// WriteResult writes result.json.
func (r *Record) WriteResult(result *Result) error { return r.write(ResultFile, result.Bytes()) }

// WriteDocument writes the text that a question is about, of at most 64 MiB, if its SHA-256 is
// the one in manifest.json, which has to be there. It reads content to its end, and never keeps
// all of it in memory.
func (r *Record) WriteDocument(question ballot.QuestionID, content io.Reader) error {
	name := TextFile(question)
	want, err := r.document(question)
	if err != nil {
		return fmt.Errorf("tally: record: %s: %w", name, err)
	}
	return r.replace(name, func(w io.Writer) error {
		h := sha256.New()
		n, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(content, maxText+1))
		switch {
		case err != nil:
			return err
		case n > maxText:
			return fmt.Errorf("%w: more than %d bytes: publish it at its URI alone", ErrInvalid, maxText)
		case [32]byte(h.Sum(nil)) != want.SHA256:
			return fmt.Errorf("%w: the SHA-256 is %x, the manifest names %x", ErrForeign, h.Sum(nil), want.SHA256)
		}
		return nil
	})
}

// document returns what the manifest of the record says of a question's text.
func (r *Record) document(question ballot.QuestionID) (*ballot.Document, error) {
	raw, err := (&recordFS{under: r.FS()}).readFile(ManifestFile, ballot.MaxManifestBytes)
	if err != nil {
		return nil, err
	}
	m, err := ballot.ParseManifest(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, ManifestFile, err)
	}
	for _, q := range m.Questions() {
		if q.ID == question && q.Text != nil {
			return q.Text, nil
		}
	}
	return nil, fmt.Errorf("%w: the manifest has no question %q that is about a text", ErrInvalid, question)
}

func (r *Record) write(name string, content []byte) error {
	return r.replace(name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// replace writes a file in one step. The unfinished file has a name that an audit at the same
// time passes over.
func (r *Record) replace(name string, content func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("tally: record: %s: %w", name, err)
		}
	}()
	final := r.Path(name)
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(final), temporary+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it has its name
	err = content(f)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), final)
}
