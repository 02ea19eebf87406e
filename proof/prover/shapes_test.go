package prover

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/consensys/gnark/constraint"
	"github.com/stretchr/testify/require"
)

const shapesFile = "testdata/shapes.txt"

// TestShapes pins the size and the digest of the circuit. A change of the digest makes all proving keys
// useless: it has to be meant. Run with SCRUTIN_UPDATE=1 to write the file anew.
func TestShapes(t *testing.T) {
	var b strings.Builder
	b.WriteString("# The relations as rank-1 constraint systems. wires: all, the constant 1 included; in L, in R: wires\n")
	b.WriteString("# that occur on that side, which are the sizes of a key's parts A and B; key: bytes of the proving key.\n")
	b.WriteString("# depth weighted rows wires public in-L in-R terms domain key digest\n")
	for _, weighted := range []bool{false, true} {
		for _, depth := range []int{10, 16, 20, 32} {
			r := Relation{Depth: depth, Weighted: weighted}
			s, err := r.compile()
			require.NoError(t, err)
			k := ProvingKey{relation: r, system: s}
			k.shape()
			terms := 0
			rows := s.r1cs.GetR1CIterator()
			for row := rows.Next(); row != nil; row = rows.Next() {
				terms += len(row.L) + len(row.R) + len(row.O)
			}
			size := len(k.header()) + verifyingSize(r) + 128*len(k.key.G2.B)
			for _, part := range k.g1Parts() {
				size += 64 * len(part)
			}
			require.Less(t, size, maxFile)
			fmt.Fprintf(&b, "%d %t %d %d %d %d %d %d %d %d %x\n", depth, weighted, s.r1cs.GetNbConstraints(), s.wires(),
				s.r1cs.GetNbPublicVariables()-1, len(k.key.G1.A), len(k.key.G1.B), terms, k.key.Domain.Cardinality, size, s.digest)
			if depth == 20 && !weighted {
				require.LessOrEqual(t, s.r1cs.GetNbConstraints(), 6600)
			}
		}
	}
	if os.Getenv("SCRUTIN_UPDATE") != "" {
		require.NoError(t, os.WriteFile(shapesFile, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(shapesFile)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}

func TestRelationHasADepthInRange(t *testing.T) {
	for _, depth := range []int{-1, 0, MaxDepth + 1, 1 << 40} {
		_, err := Relation{Depth: depth}.compile()
		require.Error(t, err)
	}
}

// TestPublicInputsStandAlone: each public input, and the constant 1, is the only wire on the left of some row.
// It follows that no K_i is zero, and that the left sides of these wires are independent of each
// other and of the other wires', as weak simulation extractability asks.
func TestPublicInputsStandAlone(t *testing.T) {
	for _, r := range []Relation{{Depth: 3}, {Depth: 3, Weighted: true}} {
		s, err := r.compile()
		require.NoError(t, err)
		public := s.r1cs.GetNbPublicVariables()
		alone := make([]bool, public)
		rows := s.r1cs.GetR1CIterator()
		for row := rows.Next(); row != nil; row = rows.Next() {
			if len(row.L) == 1 && row.L[0].CID != constraint.CoeffIdZero && int(row.L[0].VID) < public {
				alone[row.L[0].VID] = true
			}
		}
		for i := range alone {
			require.True(t, alone[i], "%v: public wire %d", r, i)
		}
	}
}

// Every wire is defined or checked by some row: none is free but by design.
func TestNoHintsAndNoIdleWires(t *testing.T) {
	s, err := Relation{Depth: 3, Weighted: true}.compile()
	require.NoError(t, err)
	require.Empty(t, s.r1cs.MHintsDependencies)
	require.Empty(t, s.r1cs.GetCommitments())
	used := make([]bool, s.wires())
	rows := s.r1cs.GetR1CIterator()
	count := 0
	for row := rows.Next(); row != nil; row = rows.Next() {
		count++
		for _, side := range []constraint.LinearExpression{row.L, row.R, row.O} {
			for _, term := range side {
				used[term.VID] = true
			}
		}
	}
	require.Equal(t, s.r1cs.GetNbConstraints(), count)
	require.NotContains(t, used, false)
}
