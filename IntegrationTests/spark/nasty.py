"""Files that real exports and hostile hands make, and a generator of more of them."""

import gzip

import zstandard

LONG = "x" * 300
HIRES = {
    "plain": b"1,Ada,2021-01-01T00:00:00Z,1,1\n2,Ben,2021-04-01T12:00:00+02:00,2,\n",
    "no end": b"1,Ada,2021-01-01T00:00:00Z,1,1\n2,Ben,2021-04-01 12:00:00,2,2",
    "header": b"id,name,datetime,department_id,job_id\n1,Ada,2021-01-01T00:00:00Z,1,1\n,No key,2021-01-01,1,1\n",
    "other order": b"NAME ,Hire_Date,ID\r\nAda,2021-01-01,7\r\n\"Ben \"\"B\"\"\",2021-12-31T23:59:59.123456Z,8\r\n,2021-01-01,9\r\n",
    "returns": b"1,Ada,2021-01-01T00:00:00Z,1,1\r2,Ben,2021-04-01,2,2\r3,,2021-04-01,2,2\r",
    "mixed ends": b"1,Ada,2021-01-01,1,1\r\n2,Ben,2021-04-01,2,2\n3,Cy,2021-04-01,2,2\r4,,2021-04-01,2,2\n",
    "semicolons": b"1;Ada;2021-01-01;1;1\n2;\"Ben;B\";2021-04-01;2;2\n3;Cy;2021-13-01;2;2\n",
    "tabs": b"id\tname\thire_datetime\n1\tAda\t2021-01-01\n2\tBen\t2021-02-30\n",
    "pipes": b"1|Ada|2021-01-01|1|1\n2|Ben|yesterday|1|1\n",
    "sep line": b"sep=;\n1;Ada;2021-01-01;1;1\n2;;2021-01-01;1;1\n",
    "byte order mark": b"\xef\xbb\xbfid,name,datetime\n1,Ada,2021-01-01\nx,Ben,2021-01-01\n",
    "apostrophes": b"1,'Ada, A',2021-01-01,1,1\n2,'Ben, B',2021-01-01,1,1\n3,'Cy, C',2021-01-01,1,x\n",
    "quotes": (b'1,"Ada\nB",2021-01-01,1,1\n2,"a""b",2021-01-01,"1","2"\n3,"a"b,2021-01-01,1,1\n4,"",2021-01-01,1,1\n'
               b'5,a"b"c,2021-01-01,1,1\n"6","Fay","2021-01-01"," 1 "," "\n 7 ,Gil, 2021-01-01 ,1,1\n "8",Hy,2021-01-01,1,1\n'),
    "unterminated": b'1,Ada,2021-01-01,1,1\n2,"Ben,2021-01-01,1,1\n3,Cy,2021-01-01,1,1\n',
    "quoted ends": b'1,"A\r\nB\rC\nD",2021-01-01,1,1\n2,,2021-01-01,1,1\n',
    "blank": b"\n1,Ada,2021-01-01,1,1\n\n,,,,\n   \n2,Ben,2021-01-01,1,1\n,,,\n,,,,,,\n\"\"\n",
    "short and long": b"1,Ada,2021-01-01\n2,Ben\n3,Cy,2021-01-01,1,1,,\n4,Di,2021-01-01,1,1,x\n5,Ed,2021-01-01,1,1,\"\"\n",
    "numbers": (b"+1,A,2021-01-01,1,1\n-2,B,2021-01-01,-1,007\n9223372036854775807,C,2021-01-01,1,1\n"
                b"9223372036854775808,D,2021-01-01,1,1\n1.0,E,2021-01-01,1,1\n1_0,F,2021-01-01,1,1\n"
                b"3,G,2021-01-01,2147483648,1\n4,H,2021-01-01,-2147483648,1\n\xd9\xa3,I,2021-01-01,1,1\n5e0,J,2021-01-01,1,1\n"),
    "times": b"".join(b"%d,A,%s,1,1\n" % (number, text) for number, text in enumerate((
        b"2021-01-01T00:00:00Z", b"2021-01-01t00:00Z", b"2021-01-01T24:00:00Z", b"2021-01-01T00:00:60Z",
        b"2021-01-01T00:00:00.1234567Z", b"2021-01-01T00:00:00.123456000Z", b"2021-01-01T00:00:00,5+0530",
        b"2021-01-01T00:00:00 UTC", b"0001-01-01T00:00:00+01:00", b"9999-12-31T23:59:59-01", b"0000-01-01",
        b"2021-02-29", b"2020-02-29", b"2021-1-1", b"2021-01-01T0:00:00Z", b"2021-01-01T00:00:00+19:00",
        b"2021-01-01T00:00:00+1:00", b"2021-01-01T00:00:00.Z", b"2021-01-01 00:00:00", b"1969-12-31T23:59:59.999999Z",
        b"2021-01-01T00:61:00Z", b"2021-01-01x", b"2021/01/01", b"2021-01-01T00:00:00+05", b"2021-01-01T00:00:00-0000"))),
    "broken text": (b"1,Zo\xc3\xab,2021-01-01,1,1\n2,Zo\xeb,2021-01-01,1,1\n3,\"\xff\"\"\",2021-01-01,1,1\n"
                    b"4,Ada,2021-01-01,\xff,1\n5,\xed\xa0\x80,2021-01-01,1,1\n6,\xf0\x9f\x98\x80,2021-01-01,1,1\n"),
    "a byte 0": b"1,Ada,2021-01-01,1,1\n" * 60 + b"2,A\x00b,2021-01-01,1,1\n3,Cy,2021-01-01,1,1\n",
    "long values": f"1,{LONG},2021-01-01,1,1\n{LONG},Ada,2021-01-01,1,1\n2,Ben,{LONG},1,1\n".encode(),
    "titles": b"Hires of 2021\n\nid,name,datetime,department_id,job_id\n1,Ada,2021-01-01,1,1\n2,,2021-01-01,1,1\n",
    "another header": b"a,b,c\n1,Ada,2021-01-01\n2,Ben,2021-01-01\n3,Cy,2021-01-01\n",
    "unknown column": b"id,name,datetime,salary\n1,Ada,2021-01-01,5\n",
    "doubled column": b"id,name,datetime,hire_date\n1,Ada,2021-01-01,2021-01-01\n",
    "missing column": b"id,name\n1,Ada\n",
    "header alone": b"id,name,datetime\n",
    "only ends": b"\n\n\n",
    "json": b'[{"id": 1}]',
    "parquet": b"PAR1" + bytes(range(1, 200)),
    "utf-16": "id,name\n1,Ada\n".encode("utf-16"),
    "nul early": b"1,A\x00,2021-01-01,1,1\n",
    "gzip": gzip.compress(b"1,Ada,2021-01-01,1,1\n2,,2021-01-01,1,1\n", mtime=0),
    "two gzip members": gzip.compress(b"1,Ada,2021-01-01,1,1\n", mtime=0) + gzip.compress(b"2,,x,1,1\n", mtime=0),
    "zstd": zstandard.compress(b"1,Ada,2021-01-01,1,1\n2,,2021-01-01,1,1\n"),
    "gzip cut off": gzip.compress(b"1,Ada,2021-01-01,1,1\n" * 999, mtime=0)[:-9],
}

PIECES = (
    b"1", b"22", b"-3", b"+4", b"Ada", b"Zo\xc3\xab", b"\xff", b"2021-01-01", b"2021-06-30T23:59:59Z", b"2021-13-01", b"", b"",
    b" ", b'"', b'""', b'"x"', b'"a,b"', b'"a\nb"', b'"a""b"', b"'", b"'q'", b"\t", b";", b"x" * 90)
ENDS = (b"\n", b"\n", b"\n", b"\r\n", b"\r")


def random_file(random):
    """Rows that are mostly well-formed, with anything in any place now and then."""
    rows = []
    for number in range(random.randint(1, 40)):
        fields = [b"%d" % number, b"Name %d" % number, b"2021-%02d-03T10:00:00Z" % (1 + number % 12), b"5", b"7"]
        for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
            fields[random.randrange(len(fields))] = random.choice(PIECES)
        if random.random() < 0.05:
            fields = fields[:random.randint(0, 4)]
        elif random.random() < 0.05:
            fields += [random.choice(PIECES)] * random.randint(1, 2)
        rows.append(b",".join(fields) + random.choice(ENDS))
    head = random.choice((b"", b"", b"", b"\xef\xbb\xbf", b"id,name,datetime,department_id,job_id\n"))
    return head + b"".join(rows)
