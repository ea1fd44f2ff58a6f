//! Tokens whose signatures were made by OpenSSL, by the keys beside this file.

mod house;

use std::any::Any;
use std::io;
use std::sync::Arc;

use house::House;
use plimsoll_rules::{Names, Place, Stored};

/// The keys.
struct Keys;

impl Names for Keys {
    fn find(&self, _: &str, _: &str) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }

    fn all(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        std::fs::read(format!("{}/tests/keys/{path}", env!("CARGO_MANIFEST_DIR")))
    }
}

/// Algorithm, file of the key, token.
const TOKENS: &[(&str, &str, &str)] = &[
    (
        "RS256",
        "rsa.pub",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.gjnUwZJt70NoZ6WlqBjtjXm6xncPHIWlhy2O6V7hQ0H_CyfFvFcyX78Wf1wxoj\
      yupW3wWGyoD-DK-Npou709XtZXCaiMdCRTelEnha4GBPiRLs84suC-x4QzGOjmMg1KjcFed3F2tHuz4BTPIPQnY-Wviq14OhChjJ\
      szU1vFkeHWR5Xj17cUGiqcBO69gPf0FGfkr2tA96d5yW_aiwMuxfff4F7sijYNLh0C5NOr6idHE96ifqRSVwN-znUjKDC4EF44wr\
      D9I_vMvc61Jyx_e1pBuZFlP9aJjJUX7ujKJngNDxXaOAyPnqV7iL4Pn5or0zwh-NcgVFN4_SSLEP31Gg",
    ),
    (
        "RS384",
        "rsa.pub",
        "eyJhbGciOiJSUzM4NCJ9.eyJzdWIiOiJtZSJ9.LF9ORWlDHEwpP3TESueC4iaBehi5Dvhz75_nGhloPzMLCP8FFpBb-JVPw6fPsi\
      7WwDxAII6AtO0jaOyk3qbw5H1fFTn2Srf8zCeQc4NP1TKR4s6Dt61nEMYgzU6xxcNZnlbMfuYqtYg3pALAXtoQsxTh1sIgjZQt3h\
      nU-5tKgTJKLeBKQAC7aXRuBysCzT2NRzPx3VBSqhPfSAyBeGiNn_oltM5ktqguMCVKaNTQx_6oD9qHw_adLiD4Y0QG4ZqLMlZlbf\
      V6pVBhl435ZjCVUB-iEAZsne0wtdyPyHVdq9pas-xBKYXFSqkMo5BuPeggsuBn3BrtONBXEnkuYy5zMQ",
    ),
    (
        "RS512",
        "rsa.pub",
        "eyJhbGciOiJSUzUxMiJ9.eyJzdWIiOiJtZSJ9.b8Ste3qOrcy1YTGT0dXwxtIUQ0KJmkRg6pPTcfBKzsNKQE53i1RcXNIgIEuiF_\
      rcVMcXtIMyREk2qotvHBuoMqRttDJTRA-xeJhrW3zLJ8Vfph_W5GjHGQxd3FqBrr-lzfOIcptygkGBDD5xsRJ2qr4GiQTaj9eYpC\
      JGuICaX0fLrWJyhElYW-ASeA-NWoofzT-EUwF2KQDH8JIGIHCNPj7aq_w3KSucDRoYSvs0kWR1SnJ2dirxsHP0DQ39iFc7YfDUPj\
      eHU5nNJPpxDP7KR98E_PWuiUogg8elfHpi1eMNuLY5d3lXw3NNo8XabvPgNq0ruQNQ62ygX5vYnF357Q",
    ),
    (
        "PS256",
        "rsa.crt",
        "eyJhbGciOiJQUzI1NiJ9.eyJzdWIiOiJtZSJ9.kq3RYeu6f8swjl5KrEJp0WbBS8W_Rct8YvUozTScJxxMryBNKZCyxTymSEo57w\
      kW0UQ7ZlvjdPf-hyi1tTsgmAi7azK2G-W99UatX0PhSnze8k_VVcpJZx_wbyaDIKpR_dtSjrr-BXZQ3ITxVcN5JMw8ww4tH3iA3b\
      s6vGiMiT0PhT30l83l-xH9oU_ZQUzk8hZgoHHVGeO8neysFWuOfK-p8R4xOe6ojZxWbeT07iQAgwVosduz3H3cpijuOogeq-PJqx\
      _z5-CCuh1oQ_oFMeQSV9o9_diKl6jR357Dsqzau9MJOJeaWK9UVxK6QDrab7JqeG8MmPEjBS_fvsNx2w",
    ),
    (
        "PS384",
        "rsa.crt",
        "eyJhbGciOiJQUzM4NCJ9.eyJzdWIiOiJtZSJ9.voUpXcaEjAq7648uF4FRiuNsFFCd6RWPaFjC0_E7pEYph7WoQ6ZScwLdtcn37g\
      Uh3CvW49z3ZXPpfA2Evmq68czPav8l_cAAsR51yCHO3pvYEmIWo6ZpaLMRCLZLwo9thWiVGEfIYM6skFrjAFKABAExKKzab5l4ev\
      TtuSxKkKNe60WdG25xUIEPwOOjUBoLsP03aAp4sS8zzU-BaPAMAB6geG6XAP5l6BLRhpjUZZTkkK3V_RFoOV0P67HZ0lVUqUbWLf\
      2itN1MnzHvp5wDXno_t2NLFUm79iMoRwbTWrf3bErdgQUv6Mk8_CEr7nJiGrZIpzEhYDZYr-1Vv2IpxA",
    ),
    (
        "PS512",
        "rsa.crt",
        "eyJhbGciOiJQUzUxMiJ9.eyJzdWIiOiJtZSJ9.X8ZsFoYSwe7gRCWUPK1Hot8ofvWaZWaUUtUbcyLK9QUIBaZ-e6xw8k2-a0BX-J\
      mezXJVNVFXgxp8HHBzVT2TsnAqiCYJhS6wMSez-EaXjW-Gsv-wL7V7mvkE8KrbFiUEMZkmMHDVqDOFwvvPhgZKlMw4bmKPeUWgzv\
      fJWfrycUVYxPh9ATiBMW0AOglc7esYIdiJyRzBmkqzDwjEpA9qAslf8d7VbikK2j7eJ4hH5lAmjsgWkJbgRl1__IlooSJ9fGQ5nj\
      UXb04U9OTlV3Sscqlk-nb6ZRSxayxhq7WCRWjBauuYbxfqh62PYgGQCl0dCu2-cbb40ryotu9y2cSdzA",
    ),
    (
        "ES256",
        "ec.pub",
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZSJ9.d6AbpC74QQCiBwIRFFl0ubAFF0OL-nzfufD4MTpy4DwVpQbodn4jd5qojgqeoZ\
      DAnM2miqaYL5KRQnXXeYk-9Q",
    ),
    (
        "ES384",
        "ec3.pub",
        "eyJhbGciOiJFUzM4NCJ9.eyJzdWIiOiJtZSJ9.xw7zyw-v5py3VTFVpSefPgbTi0YjT9Vq7YUBcarVutDdSB2LOT1q2xxo09jAjD\
      HBYxW3UnqP_o_qgEYBo9uCd_Uv0YKWvkNm9IsA7J1pr2XLYrpPKvUN080ZpLVhN21X",
    ),
    (
        "ES512",
        "ec5.pub",
        "eyJhbGciOiJFUzUxMiJ9.eyJzdWIiOiJtZSJ9.AU12ZsHpNx95p4iFg6s3Ngubt8hKKBl6aRFrN6hFJyWRMoDf8JY2r8cCfUO9bs\
      ZuZpA1cP1Ix-JU7SU-ygbaADJBAERZhO794nq-I_7A2qXs3QhINbbfWMdjys1FMjGszUtjnDBVX7hG9ktmGdFDINrbBOPp6jqsy5\
      mWAcsomZDYCyGZ",
    ),
];

fn number(text: &str) -> i64 {
    let mut house = House::new(&[], Place::HttpRequest);
    house.names = Arc::new(Keys);
    match house.value(text) {
        Some(Stored::Int(number)) => number,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_signature_is_right_by_its_own_key_and_algorithm_only() {
    for (algorithm, key, token) in TOKENS {
        assert_eq!(number(&format!("str({token}),jwt_verify({algorithm},{key})")), 1, "{algorithm}");
        assert_eq!(number(&format!("str({token}),jwt_verify_cert({algorithm},{key})")), 1, "{algorithm}");
        // Another payload, another key, a shorter signature.
        let (first, rest) = token.split_at(token.find('.').unwrap() + 5);
        let changed = format!("{first}A{}", &rest[1..]);
        assert_eq!(number(&format!("str({changed}),jwt_verify({algorithm},{key})")), 0, "{algorithm}");
        let other = if key.starts_with("rsa") { "ec.pub" } else { "rsa.pub" };
        assert_eq!(number(&format!("str({token}),jwt_verify({algorithm},{other})")), 0, "{algorithm}");
        let short = &token[..token.len() - 4];
        assert_eq!(number(&format!("str({short}),jwt_verify({algorithm},{key})")), 0, "{algorithm}");
        let unsigned = &token[..=token.rfind('.').unwrap()];
        assert_eq!(number(&format!("str({unsigned}),jwt_verify({algorithm},{key})")), -3, "{algorithm}");
    }
}

/// Who holds a public key could otherwise sign with its text as a secret.
#[test]
fn a_variable_may_say_the_algorithm_but_a_public_key_is_no_secret() {
    let (_, key, token) = TOKENS[0];
    let by = |algorithm: &str, key: &str| {
        number(&format!(
            "str({algorithm}),set-var(txn.alg),concat(),bytes(0,0),concat({token}),jwt_verify(txn.alg,{key})"
        ))
    };
    assert_eq!(by("RS256", key), 1);
    assert_eq!(by("RS384", key), 0);
    assert_eq!(by("HS256", key), -5);
    assert_eq!(by("XX", key), -1);
    assert_eq!(by("RS256", "absent"), -5);
}

#[test]
fn a_certificate_is_no_secret() {
    let mut house = House::new(&[], Place::HttpRequest);
    house.names = Arc::new(Keys);
    for arguments in ["HS256,rsa.crt", "HS256,secret", "none,rsa.crt", "txn.alg,absent", "RS256,txn.key"] {
        let told = house.expr(&format!("str(a.b.c),jwt_verify_cert({arguments})")).expect_err(arguments);
        assert!(told.contains("there is no public key"), "{arguments}: {told}");
    }
}

#[test]
fn parts_of_a_token_are_decoded() {
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJtZSIsIm4iOjV9.x";
    let text = |of: &str| match House::new(&[], Place::HttpRequest).value(&format!("str({token}),{of}")) {
        Some(Stored::Str(text)) => String::from_utf8(text.to_vec()).unwrap(),
        other => panic!("{of}: {other:?}"),
    };
    assert_eq!(text("jwt_header_query"), r#"{"alg":"HS256","typ":"JWT"}"#);
    assert_eq!(text("jwt_payload_query"), r#"{"sub":"me","n":5}"#);
    assert_eq!(text("jwt_header_query('$.alg')"), "HS256");
    assert_eq!(text("jwt_payload_query('$.n')"), "5");
}
