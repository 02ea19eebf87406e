package tally

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/scrutin/scrutin/ballot"
)

// With several boxes the state of an audit is the list of ballots that were found valid, by the
// SHA-256 of their bytes. Whether a ballot is valid follows from its bytes and the manifest; so the
// list is bound to the election alone, and holds also when a log has grown. After the magic line:
//
//	election id                                     32 bytes
//	then blocks: number of ballots, 1 to 1024       u32
//	    ballots                                     32 bytes each
//	    SHA-256 of election id and ballots          32 bytes
//
// A block that is cut short at the end is the trace of an audit that was killed, and is removed.
const verifiedMagic = "scrutin/audit-verified/v1\n"

const maxVerifiedBlock = 1024

// verifiedFile is a list of valid ballots that grows.
type verifiedFile struct {
	path     string
	election ballot.ElectionID
	earlier  [][32]byte // of earlier audits, sorted
	file     *os.File
}

// openVerified reads the list, or begins one.
func openVerified(path string, election ballot.ElectionID) (*verifiedFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the state: %w", err)
	}
	v := &verifiedFile{path: path, election: election, file: f}
	if err := v.read(); err != nil {
		return nil, v.errorf("%w", errors.Join(err, f.Close()))
	}
	return v, nil
}

func (v *verifiedFile) errorf(format string, args ...any) error {
	return fmt.Errorf("the state in %s: "+format, append([]any{v.path}, args...)...)
}

func (v *verifiedFile) read() error {
	b, err := io.ReadAll(v.file)
	if err != nil {
		return err
	}
	head := slices.Concat([]byte(verifiedMagic), v.election[:])
	switch {
	case bytes.HasPrefix(head, b): // new, or cut short in its first line
		if err := v.file.Truncate(0); err != nil {
			return err
		}
		_, err := v.file.WriteAt(head, 0)
		return errors.Join(err, v.end(len(head)))
	case !bytes.HasPrefix(b, []byte(verifiedMagic)):
		return fmt.Errorf("%w: it is none of an audit of several boxes, or of another version; move it away to audit from the start", ErrMalformed)
	case !bytes.HasPrefix(b, head):
		return fmt.Errorf("%w: it is of another election; move it away to audit from the start", ErrForeign)
	}
	at := len(head)
	for {
		block, ok, err := v.block(b[at:])
		if err != nil {
			return fmt.Errorf("%w: the block at offset %d: %w; move it away to audit from the start", ErrMalformed, at, err)
		}
		if !ok {
			break
		}
		for digest := range slices.Chunk(block, sha256.Size) {
			v.earlier = append(v.earlier, [32]byte(digest))
		}
		at += 4 + len(block) + sha256.Size
	}
	slices.SortFunc(v.earlier, compareDigests)
	return v.end(at)
}

// block returns the ballots of the first block, and false if there is no whole one.
func (v *verifiedFile) block(b []byte) (ballots []byte, ok bool, err error) {
	if len(b) < 4 {
		return nil, false, nil
	}
	n := binary.BigEndian.Uint32(b)
	if n < 1 || n > maxVerifiedBlock {
		return nil, false, fmt.Errorf("%d ballots, 1 to %d are possible", n, maxVerifiedBlock)
	}
	size := int(n) * sha256.Size
	if len(b) < 4+size+sha256.Size {
		return nil, false, nil
	}
	ballots = b[4 : 4+size]
	if v.sum(ballots) != [32]byte(b[4+size:4+size+sha256.Size]) {
		return nil, false, errors.New("its checksum is wrong")
	}
	return ballots, true, nil
}

func (v *verifiedFile) sum(ballots []byte) [32]byte {
	return sha256.Sum256(slices.Concat(v.election[:], ballots))
}

// end cuts the file, and goes on writing there.
func (v *verifiedFile) end(at int) error {
	if err := v.file.Truncate(int64(at)); err != nil {
		return err
	}
	_, err := v.file.Seek(int64(at), io.SeekStart)
	return err
}

// has reports a ballot of an earlier audit.
func (v *verifiedFile) has(digest [32]byte) bool {
	_, found := slices.BinarySearchFunc(v.earlier, digest, compareDigests)
	return found
}

func compareDigests(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) }

// add writes ballots that were found valid.
func (v *verifiedFile) add(digests [][32]byte) error {
	for part := range slices.Chunk(digests, maxVerifiedBlock) {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(part)))
		for _, d := range part {
			b = append(b, d[:]...)
		}
		sum := v.sum(b[4:])
		if _, err := v.file.Write(append(b, sum[:]...)); err != nil {
			return v.errorf("%w", err)
		}
	}
	return nil
}

func (v *verifiedFile) close() error {
	if err := errors.Join(v.file.Sync(), v.file.Close()); err != nil {
		return v.errorf("%w", err)
	}
	return nil
}
