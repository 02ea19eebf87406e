package ceremony

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"

	"github.com/scrutin/scrutin/proof/prover"
)

const (
	maxPower    = 28 // of the largest public ceremony: 2^28 powers
	maxSections = 32
)

// ReadPtau takes a relation's powers from a .ptau file of snarkjs, of size bytes: that of a public
// ceremony for BN254 with at least as many powers as the relation needs (2^14 are enough for all). Source
// names the file, for people. The powers are checked with pairings; that the file is the one of that ceremony is
// for the caller to know, by the digest that the ceremony published, or `snarkjs powersoftau verify`. Other parts of
// the file are passed over.
func ReadPtau(file io.ReaderAt, size int64, r prover.Relation, source string) (*Powers, error) {
	if err := checkName("source", source); err != nil {
		return nil, err
	}
	n, err := domain(r)
	if err != nil {
		return nil, err
	}
	srs, err := readPtau(file, size, n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	return newPowers(r, *srs, Origin{Source: source})
}

// section is a part of the file: 1 header, 2 tau in G1, 3 tau in G2, 4 alpha tau in G1, 5 beta tau in G1, 6 beta in G2.
type section struct{ at, size int64 }

func readPtau(file io.ReaderAt, size int64, n int) (*mpcsetup.SrsCommons, error) {
	sections, err := ptauSections(file, size)
	if err != nil {
		return nil, err
	}
	power, err := ptauHeader(file, sections)
	if err != nil {
		return nil, err
	}
	all := int64(1) << power
	if all < int64(n) {
		return nil, fmt.Errorf("%w: the file has 2^%d powers, %d are needed: take a larger one", ErrForeign, power, n)
	}
	srs := makeRoom(n)
	beta := make([]bn254.G2Affine, 1)
	for _, list := range []struct {
		id   uint32
		all  int64
		here []bn254.G1Affine
	}{{2, 2*all - 1, srs.G1.Tau}, {4, all, srs.G1.AlphaTau}, {5, all, srs.G1.BetaTau}} {
		b, err := ptauPoints(file, sections, list.id, list.all, len(list.here), size1)
		if err != nil {
			return nil, err
		}
		for i := range list.here {
			p := &list.here[i]
			if !ptauCoordinates(&b, &p.X, &p.Y) || p.IsInfinity() || !p.IsOnCurve() {
				return nil, fmt.Errorf("%w: point %d of section %d is not in the group", ErrMalformed, i, list.id)
			}
		}
	}
	for _, list := range []struct {
		id   uint32
		all  int64
		here []bn254.G2Affine
	}{{3, all, srs.G2.Tau}, {6, 1, beta}} {
		b, err := ptauPoints(file, sections, list.id, list.all, len(list.here), size2)
		if err != nil {
			return nil, err
		}
		for i := range list.here {
			p := &list.here[i]
			if !ptauCoordinates(&b, &p.X.A0, &p.X.A1, &p.Y.A0, &p.Y.A1) || p.IsInfinity() || !p.IsOnCurve() || !p.IsInSubGroup() {
				return nil, fmt.Errorf("%w: point %d of section %d is not in the group of order r", ErrMalformed, i, list.id)
			}
		}
	}
	srs.G2.Beta = beta[0]
	return &srs, nil
}

// ptauPoints reads the first n points of a section that has to hold all of them.
func ptauPoints(file io.ReaderAt, sections map[uint32]section, id uint32, all int64, n, size int) ([]byte, error) {
	if got, want := sections[id].size, all*int64(size); got != want {
		return nil, fmt.Errorf("%w: section %d has %d bytes, %d are wanted", ErrMalformed, id, got, want)
	}
	return readAt(file, sections[id].at, n*size)
}

// ptauSections reads the table of the file: "ptau", version 1, the number of sections; then each with its type, its size
// and its content.
func ptauSections(file io.ReaderAt, size int64) (map[uint32]section, error) {
	head, err := readAt(file, 0, 12)
	if err != nil {
		return nil, err
	}
	if string(head[:4]) != "ptau" || binary.LittleEndian.Uint32(head[4:]) != 1 {
		return nil, fmt.Errorf("%w: not a .ptau file of version 1", ErrMalformed)
	}
	number := binary.LittleEndian.Uint32(head[8:])
	if number > maxSections {
		return nil, fmt.Errorf("%w: %d sections, at most %d are possible", ErrMalformed, number, maxSections)
	}
	sections := map[uint32]section{}
	at := int64(12)
	for range number {
		b, err := readAt(file, at, 12)
		if err != nil {
			return nil, err
		}
		at += 12
		id, length := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint64(b[4:])
		if length > uint64(max(0, size-at)) {
			return nil, fmt.Errorf("%w: section %d ends after the file", ErrMalformed, id)
		}
		if _, twice := sections[id]; twice {
			return nil, fmt.Errorf("%w: section %d is there twice", ErrMalformed, id)
		}
		sections[id] = section{at, int64(length)}
		at += int64(length)
	}
	if at != size {
		return nil, fmt.Errorf("%w: %d bytes after the last section", ErrMalformed, size-at)
	}
	return sections, nil
}

// ptauHeader reads section 1: the size of a coordinate, the modulus of the field, and the numbers k of the
// 2^k powers in the file and in the ceremony.
func ptauHeader(file io.ReaderAt, sections map[uint32]section) (power int, err error) {
	const size = 4 + fp.Bytes + 4 + 4
	if got := sections[1].size; got != size {
		return 0, fmt.Errorf("%w: the header has %d bytes, %d are wanted", ErrMalformed, got, size)
	}
	b, err := readAt(file, sections[1].at, size)
	if err != nil {
		return 0, err
	}
	modulus := fp.Modulus().FillBytes(make([]byte, fp.Bytes))
	slices.Reverse(modulus)
	if binary.LittleEndian.Uint32(b) != fp.Bytes || !bytes.Equal(b[4:4+fp.Bytes], modulus) {
		return 0, fmt.Errorf("%w: the file is for another curve than BN254", ErrForeign)
	}
	k, ceremony := binary.LittleEndian.Uint32(b[4+fp.Bytes:]), binary.LittleEndian.Uint32(b[8+fp.Bytes:])
	if k < 1 || k > ceremony || ceremony > maxPower {
		return 0, fmt.Errorf("%w: 2^%d powers of a ceremony for 2^%d", ErrMalformed, k, ceremony)
	}
	return int(k), nil
}

// ptauCoordinates takes coordinates from the front of b: x 2^256 mod p, 32 bytes little-endian, below p, which is how
// gnark-crypto holds x.
func ptauCoordinates(b *[]byte, coordinates ...*fp.Element) bool {
	for _, c := range coordinates {
		raw := [fp.Bytes]byte((*b)[:fp.Bytes])
		*b = (*b)[fp.Bytes:]
		if _, err := fp.LittleEndian.Element(&raw); err != nil {
			return false
		}
		for i := range c {
			c[i] = binary.LittleEndian.Uint64(raw[8*i:])
		}
	}
	return true
}

// readAt reads n bytes; n is bounded by the caller.
func readAt(file io.ReaderAt, at int64, n int) ([]byte, error) {
	b := make([]byte, n)
	got, err := file.ReadAt(b, at)
	switch {
	case got == n:
		return b, nil
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: the file ends too early", ErrMalformed)
	default:
		return nil, fmt.Errorf("ceremony: %w", err)
	}
}
