// The quantum machine behind the JSON and OpenQASM programs: it walks through a list of operations.
// The list is data, so that a program's text is never compiled as Q#.

operation ApplyGate(name : String, angles : Double[], targets : Qubit[]) : Unit is Adj + Ctl {
    let first = targets[0];
    if name == "x" { X(first); }
    elif name == "h" { H(first); }
    elif name == "rz" { Rz(angles[0], first); }
    elif name == "p" { R1(angles[0], first); }
    elif name == "u" {
        // The matrix of OpenQASM's U with U(0, 0, 0) = 1 and a real upper left corner, also when controlled.
        R1(angles[2], first);
        Ry(angles[0], first);
        R1(angles[1], first);
    }
    elif name == "rx" { Rx(angles[0], first); }
    elif name == "ry" { Ry(angles[0], first); }
    elif name == "y" { Y(first); }
    elif name == "z" { Z(first); }
    elif name == "s" { S(first); }
    elif name == "si" { Adjoint S(first); }
    elif name == "t" { T(first); }
    elif name == "ti" { Adjoint T(first); }
    elif name == "v" { H(first); S(first); H(first); }
    elif name == "vi" { H(first); Adjoint S(first); H(first); }
    elif name == "swap" { SWAP(first, targets[1]); }
    elif name == "xx" { Rxx(angles[0], first, targets[1]); }
    elif name == "yy" { Ryy(angles[0], first, targets[1]); }
    elif name == "zz" { Rzz(angles[0], first, targets[1]); }
    else { fail "unknown gate"; }
}

function Holds(bits : Int[], expected : Bool[], memory : Result[]) : Bool {
    for i in 0..Length(bits) - 1 {
        if (memory[bits[i]] == One) != expected[i] { return false; }
    }
    true
}

// Runs once and returns the bits. With `dump`, also records the state before the qubits are released; qubit 0 is the
// least significant bit of the recorded indices.
operation RunCircuit(
    width : Int,
    size : Int,
    operations : (String, Double[], Int[], Int[], Int, Int[], Bool[])[],
    dump : Bool
) : Result[] {
    use allocated = Qubit[width];
    let qubits = Std.Arrays.Reversed(allocated);
    mutable memory = [Zero, size = size];
    for (name, angles, targets, controls, bit, bits, expected) in operations {
        if Holds(bits, expected, memory) {
            if name == "measure" { set memory w/= bit <- M(qubits[targets[0]]); }
            elif name == "reset" { Reset(qubits[targets[0]]); }
            elif Length(controls) == 0 { ApplyGate(name, angles, Std.Arrays.Subarray(targets, qubits)); }
            else {
                Controlled ApplyGate(
                    Std.Arrays.Subarray(controls, qubits),
                    (name, angles, Std.Arrays.Subarray(targets, qubits))
                );
            }
        }
    }
    if dump { Std.Diagnostics.DumpMachine(); }
    ResetAll(allocated);
    memory
}
