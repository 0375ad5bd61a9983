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

// Compares bits with what is expected, the highest first; relations are numbered ==, !=, <, <=, >, >=.
function Holds(bits : Int[], expected : Bool[], relation : Int, memory : Result[]) : Bool {
    mutable sign = 0;
    for i in 0..Length(bits) - 1 {
        let bit = memory[bits[i]] == One;
        if bit != expected[i] { set sign = bit ? 1 | -1; }
    }
    if relation == 0 { sign == 0 }
    elif relation == 1 { sign != 0 }
    elif relation == 2 { sign < 0 }
    elif relation == 3 { sign <= 0 }
    elif relation == 4 { sign > 0 }
    else { sign >= 0 }
}

function Number(first : Int, size : Int, memory : Result[]) : Int {
    mutable number = 0;
    for i in 0..size - 1 {
        if memory[first + i] == One { set number += 1 <<< i; }
    }
    number
}

// Modulo 2^32. A product is made of two, so that none has more than 48 bits.
function Combined(name : String, a : Int, b : Int) : Int {
    let mask = 0xFFFFFFFF;
    mutable number = 0;
    if name == "+" { set number = a + b; }
    elif name == "-" { set number = a - b; }
    elif name == "*" { set number = (((a * (b >>> 16)) &&& 0xFFFF) <<< 16) + a * (b &&& 0xFFFF); }
    elif name == "/" {
        if b == 0 { fail "division by zero"; }
        set number = a / b;
    }
    elif name == "&" { set number = a &&& b; }
    elif name == "|" { set number = a ||| b; }
    elif name == "^" { set number = a ^^^ b; }
    elif name == "<<" { set number = b < 32 ? (a <<< b) | 0; }
    elif name == ">>" { set number = b < 32 ? (a >>> b) | 0; }
    else { fail "unknown operator"; }
    number &&& mask
}

function Computed(steps : (String, Int, Int)[], memory : Result[]) : Int {
    mutable stack = [];
    for (name, first, second) in steps {
        if name == "value" { set stack += [first]; }
        elif name == "bits" { set stack += [Number(first, second, memory)]; }
        elif name == "~" { set stack = Std.Arrays.Most(stack) + [Std.Arrays.Tail(stack) ^^^ 0xFFFFFFFF]; }
        else {
            let below = Std.Arrays.Most(stack);
            let number = Combined(name, Std.Arrays.Tail(below), Std.Arrays.Tail(stack));
            set stack = Std.Arrays.Most(below) + [number];
        }
    }
    stack[0]
}

// Runs once and returns the bits. With `dump`, also records the state before the qubits are released; qubit 0 is the
// least significant bit of the recorded indices.
operation RunCircuit(
    width : Int,
    size : Int,
    operations : (String, Double[], Int[], Int[], Int, Int[], Bool[], Int, Int[], (String, Int, Int)[])[],
    dump : Bool
) : Result[] {
    use allocated = Qubit[width];
    let qubits = Std.Arrays.Reversed(allocated);
    mutable memory = [Zero, size = size];
    for (name, angles, targets, controls, bit, bits, expected, relation, written, steps) in operations {
        if Holds(bits, expected, relation, memory) {
            if name == "assign" {
                let number = Computed(steps, memory);
                for i in 0..Length(written) - 1 {
                    set memory w/= written[i] <- ((number >>> i) &&& 1) == 1 ? One | Zero;
                }
            }
            elif name == "measure" { set memory w/= bit <- M(qubits[targets[0]]); }
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
