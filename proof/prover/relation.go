package prover

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/constraint"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
)

// MaxDepth is the greatest depth of a relation.
const MaxDepth = 32

// Relation is what is proved: membership in a census of at most 2^Depth members, weighted or not.
// 1 <= Depth <= MaxDepth.
type Relation struct {
	Depth    int
	Weighted bool
}

func (r Relation) String() string {
	if r.Weighted {
		return fmt.Sprintf("weighted membership at depth %d", r.Depth)
	}
	return fmt.Sprintf("membership at depth %d", r.Depth)
}

// system is a relation compiled to rank-1 constraints: rows <L, w> <R, w> = <O, w> over the wires w.
type system struct {
	r1cs   *cs.R1CS
	digest [sha256.Size]byte // of the rows
	// Wires that are in no L (in no R). A key has no point for them in its part A (its part B).
	absentL, absentR []bool
}

// compile returns the relation's constraint system, compiled once in a process.
func (r Relation) compile() (*system, error) {
	if r.Depth < 1 || r.Depth > MaxDepth {
		return nil, fmt.Errorf("prover: depth %d is not in 1..%d", r.Depth, MaxDepth)
	}
	once, _ := systems.LoadOrStore(r, sync.OnceValues(func() (*system, error) { return newSystem(r) }))
	return once.(func() (*system, error))()
}

var systems sync.Map // Relation -> func() (*system, error); at most 2*MaxDepth entries

func newSystem(r Relation) (*system, error) {
	compiled, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, newCircuit(r))
	if err != nil {
		return nil, fmt.Errorf("prover: compiling the relation: %w", err)
	}
	s := &system{r1cs: compiled.(*cs.R1CS)}
	wires := s.wires()
	s.absentL, s.absentR = make([]bool, wires), make([]bool, wires)
	for i := range wires {
		s.absentL[i], s.absentR[i] = true, true
	}

	// The digest is over all that a key depends on: the numbers of wires, the rows in their order, and
	// the table of coefficients that the rows refer to.
	h := sha256.New()
	put := func(v ...uint32) {
		var b []byte
		for _, x := range v {
			b = binary.BigEndian.AppendUint32(b, x)
		}
		h.Write(b)
	}
	put(uint32(s.r1cs.GetNbPublicVariables()), uint32(s.r1cs.GetNbSecretVariables()), uint32(wires))
	put(uint32(len(s.r1cs.Coefficients)))
	for i := range s.r1cs.Coefficients {
		b := s.r1cs.Coefficients[i].Bytes()
		h.Write(b[:])
	}
	rows := s.r1cs.GetR1CIterator()
	for row := rows.Next(); row != nil; row = rows.Next() {
		for i, side := range []constraint.LinearExpression{row.L, row.R, row.O} {
			words := make([]uint32, 0, 1+2*len(side))
			words = append(words, uint32(len(side)))
			for _, term := range side {
				words = append(words, term.CID, term.VID)
				if term.CID != constraint.CoeffIdZero {
					switch i {
					case 0:
						s.absentL[term.VID] = false
					case 1:
						s.absentR[term.VID] = false
					}
				}
			}
			put(words...)
		}
	}
	h.Sum(s.digest[:0])
	return s, nil
}

// wires is the number of wires: the constant 1, public and secret inputs, and internal ones.
func (s *system) wires() int {
	internal, secret, public := s.r1cs.GetNbVariables()
	return internal + secret + public
}
