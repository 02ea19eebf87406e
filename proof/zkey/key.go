package zkey

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"

	"github.com/scrutin/scrutin/proof"
)

// The largest published files have 5.9 and 1.9 MB.
const (
	maxZkey = 8 << 20
	maxWasm = 4 << 20
)

// Key proves the relation of Semaphore v4 for trees of one depth. It is immutable and safe for concurrent use.
type Key struct {
	points  *points
	program *program
	depth   int
	digest  [sha256.Size]byte
}

var _ proof.Prover = (*Key)(nil)

// Open reads semaphore-N.zkey and semaphore-N.wasm, N the depth from 1 to [proof.MaxSemaphoreDepth], from a
// directory of artifacts. The SHA-256 of the first must be digest, which comes from a source that the voter
// trusts, such as the manifest, and that of the second the published one; files with others are refused before
// anything in them is looked at. The verifying part must be [proof.SemaphoreKey] of the depth.
//
// The error is [proof.ErrMalformed] for files that are not these. Open takes a fraction of a second.
func Open(artifacts fs.FS, depth int, digest [sha256.Size]byte) (*Key, error) {
	verifying, err := proof.SemaphoreKey(depth)
	if err != nil {
		return nil, err
	}
	wasmDigest, err := published(wasmName(depth))
	if err != nil {
		return nil, err
	}
	file, err := read(artifacts, zkeyName(depth), maxZkey, digest)
	if err != nil {
		return nil, err
	}
	code, err := read(artifacts, wasmName(depth), maxWasm, wasmDigest)
	if err != nil {
		return nil, err
	}
	return newKey(file, code, depth, verifying, digest)
}

// newKey reads the contents of the two files.
func newKey(file, code []byte, depth int, verifying *proof.VerifyingKey, digest [sha256.Size]byte) (*Key, error) {
	p, err := parse(file)
	if err != nil {
		return nil, fmt.Errorf("%w: zkey: %s: %w", proof.ErrMalformed, zkeyName(depth), err)
	}
	if !bytes.Equal(p.verifying.Bytes(), verifying.Bytes()) {
		return nil, fmt.Errorf("%w: zkey: %s is not of the ceremony's verifying key of depth %d", proof.ErrMalformed, zkeyName(depth), depth)
	}
	program, err := compile(code)
	if err != nil {
		return nil, fmt.Errorf("%w: zkey: %s: %w", proof.ErrMalformed, wasmName(depth), err)
	}
	return &Key{points: p, program: program, depth: depth, digest: digest}, nil
}

// read reads a regular file of at most limit bytes. It opens none that could block, as a pipe does.
func read(files fs.FS, name string, limit int, digest [sha256.Size]byte) ([]byte, error) {
	info, err := fs.Stat(files, name)
	if err != nil {
		return nil, fmt.Errorf("zkey: %w: fetch the artifacts as the package's documentation says", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: zkey: %s is not a regular file", proof.ErrMalformed, name)
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("zkey: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("zkey: reading %s: %w", name, err)
	}
	if len(b) > limit {
		return nil, fmt.Errorf("%w: zkey: %s has more than %d bytes", proof.ErrMalformed, name, limit)
	}
	if got := sha256.Sum256(b); got != digest {
		return nil, fmt.Errorf("%w: zkey: the SHA-256 of %s is %x, not %x: fetch @zk-kit/semaphore-artifacts 4.13.0", proof.ErrMalformed, name, got, digest)
	}
	return b, nil
}

// Depth returns the length of the longest path that the key can prove.
func (k *Key) Depth() int { return k.depth }

// VerifyingKey returns the key that accepts this key's proofs.
func (k *Key) VerifyingKey() *proof.VerifyingKey { return k.points.verifying }

// Digest returns the SHA-256 of the proving key's file, by which a manifest names it.
func (k *Key) Digest() [sha256.Size]byte { return k.digest }
